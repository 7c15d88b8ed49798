// Include and exclude patterns of the config: `*`, `**`, `?`, `{a,b}`; a pattern without a slash matches at any depth,
// a folder matches what is below it. Pure text.

/** A test for workspace paths; undefined if there are no patterns. */
export function globs(patterns: readonly string[]): ((path: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const tests = patterns.map(globToRegExp);
  return path => tests.some(test => test.test(path));
}

function globToRegExp(pattern: string): RegExp {
  let glob = pattern.replace(/^\.\//, '').replace(/\/$/, '');
  if (glob.startsWith('/')) glob = glob.slice(1);
  else if (!glob.includes('/')) glob = `**/${glob}`;
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at] as string;
    if (glob.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (glob.startsWith('**', at)) {
      source += '.*';
      at += 1;
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '{') {
      source += '(?:';
      depth++;
    } else if (char === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (char === ',' && depth > 0) source += '|';
    else source += char.replace(/[.+^$()|[\]\\{}]/g, '\\$&');
  }
  return new RegExp(`^${source}${')'.repeat(depth)}(?:/.*)?$`);
}
