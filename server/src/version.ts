// The version that this build has. It reads no file: the bundler writes the number in.
declare const LOOPBOUND_VERSION: string | undefined;

/** As in package.json; `0.0.0-source` when run from the sources. */
export const version: string = typeof LOOPBOUND_VERSION === 'string' ? LOOPBOUND_VERSION : '0.0.0-source';

declare const LOOPBOUND_BUILD: string | undefined;

/** Identity of the analyzer's code; undefined when it may change under our feet, and then nothing is kept between runs. */
export const build: string | undefined = typeof LOOPBOUND_BUILD === 'string' ? LOOPBOUND_BUILD : undefined;
