// Workspace paths: relative to the root, forward slashes, no leading `./`; above the root they begin with `../`.
// The root itself is ''. Pure text; it does not touch the disk.

/** Resolves `.` and `..`. */
export function normalize(path: string): string {
  if (!path.includes('.') && !path.includes('//')) return path.endsWith('/') ? path.slice(0, -1) : path;
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && out.length > 0 && out.at(-1) !== '..') out.pop();
    else out.push(part);
  }
  return out.join('/');
}

/** Joins and normalizes. */
export function join(...parts: readonly string[]): string {
  return normalize(parts.filter(part => part !== '').join('/'));
}

/** Folder of a path; '' for a file in the root. */
export function dirname(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Last segment. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Ending with its dot, in lower case: `.ts`; '' if there is none. `.d.ts` is `.ts`. */
export function extension(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}

/** True if `path` is `folder` or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  if (folder === '') return path !== '..' && !path.startsWith('../');
  return path === folder || path.startsWith(`${folder}/`);
}

/** `path` as seen from `folder`; both are workspace paths. */
export function relativeTo(path: string, folder: string): string {
  if (folder === '') return path;
  const from = folder.split('/');
  const to = path.split('/');
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => '..'), ...to.slice(same)].join('/');
}
