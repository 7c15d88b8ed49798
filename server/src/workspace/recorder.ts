// Notes what was asked of a file system, so that a later run can tell whether it would get the same answers.
import type { Files } from './files.ts';

/** One question and a short form of its answer. */
export type Observation = readonly [ask: 'read' | 'kind' | 'entries', path: string, answer: string];

export interface Recorder {
  /** Behaves like the original. */
  readonly files: Files;
  observations(): readonly Observation[];
}

/** Wraps a file system. Questions about paths for which `known` is true are not noted. */
export function recorder(files: Files, known: (path: string) => boolean): Recorder {
  const asked = new Map<string, Observation>();
  const note = (ask: Observation[0], path: string) => {
    const key = `${ask}\0${path}`;
    if (!known(path) && !asked.has(key)) asked.set(key, [ask, path, answerOf(files, ask, path)]);
  };
  return {
    files: {
      ...files,
      read(path, maxBytes) {
        note('read', path);
        return files.read(path, maxBytes);
      },
      kind(path) {
        note('kind', path);
        return files.kind(path);
      },
      entries(path) {
        note('entries', path);
        return files.entries(path);
      },
    },
    observations: () => [...asked.values()],
  };
}

/** Whether every question would be answered as it was. */
export function stillHolds(files: Files, observations: readonly Observation[]): boolean {
  return observations.every(([ask, path, answer]) => answerOf(files, ask, path) === answer);
}

/** Equal short forms mean equal answers: a file's content is stood for by its size and time. */
function answerOf(files: Files, ask: Observation[0], path: string): string {
  switch (ask) {
    case 'read': {
      const stamp = files.stamp(path);
      return stamp ? `${stamp.size} ${stamp.modified}` : 'absent';
    }
    case 'kind':
      return files.kind(path) ?? 'absent';
    case 'entries':
      return (files.entries(path) ?? []).map(entry => entry.name).join('/');
  }
}
