// Which program runs a file. Pure: asks only whether files of the project exist.

/** A program and its first arguments. */
export type Interpreter = { command: string; args: string[] };

/** `has` says whether a path relative to the project exists. */
export const interpreterOf = (language: string, file: string, has: (path: string) => boolean): Interpreter => {
  if (language === 'python') {
    for (const folder of ['.venv', 'venv']) {
      if (has(`${folder}/bin/python`)) return { command: `${folder}/bin/python`, args: [] };
      if (has(`${folder}/Scripts/python.exe`)) return { command: `${folder}/Scripts/python.exe`, args: [] };
    }
    return { command: process.platform === 'win32' ? 'python' : 'python3', args: [] };
  }
  const typed = /\.[cm]?tsx?$/.test(file);
  // What Node strips by itself is not all of TypeScript; a project that has tsx wants it used.
  if (typed && has('node_modules/tsx/package.json')) return { command: 'node', args: ['--import', 'tsx'] };
  return { command: 'node', args: [] };
};
