// Which files of a workspace are analysed.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { discover } from '../../server/src/workspace/discover.ts';
import { diskFiles, memoryFiles } from '../../server/src/workspace/files.ts';
import { globs } from '../../server/src/workspace/glob.ts';

const extensions = new Set(['.ts', '.js', '.py']);
const walk = (texts: Record<string, string>, starts: readonly string[] = ['']) =>
  discover(memoryFiles(new Map(Object.entries(texts))), { starts, extensions });

describe('discover', () => {
  test('passes by dependencies, build output, generated files and what .gitignore names', () => {
    const found = walk({
      'src/a.ts': '',
      'src/build/kept.ts': '',
      'node_modules/x/index.js': '',
      'dist/a.js': '',
      'lib/vendor/x.js': '',
      'a.min.js': '',
      'types.d.ts': '',
      'readme.md': '',
      '.gitignore': 'generated/\n*.gen.ts\n',
      'generated/b.ts': '',
      'src/c.gen.ts': '',
      'src/.gitignore': '!c.gen.ts',
      'py/.venv/lib/x.py': '',
      'py/a.py': '',
    });
    expect(found.paths).toEqual(['py/a.py', 'src/a.ts', 'src/build/kept.ts', 'src/c.gen.ts']);
  });

  test('what is named is taken even inside node_modules, with its build output', () => {
    const texts = {
      'node_modules/x/dist/x.js': '',
      'node_modules/x/node_modules/y/y.js': '',
      '.gitignore': 'node_modules',
    };
    expect(walk(texts, ['node_modules/x']).paths).toEqual(['node_modules/x/dist/x.js']);
    expect(walk(texts, ['node_modules/x/dist/x.js']).paths).toEqual(['node_modules/x/dist/x.js']);
  });

  test('names what does not exist', () => {
    expect(walk({ 'a.ts': '' }, ['a.ts', 'nowhere']).missing).toEqual(['nowhere']);
  });

  test('include and exclude', () => {
    const files = memoryFiles(
      new Map([
        ['src/a.ts', ''],
        ['src/test/b.ts', ''],
        ['tools/c.ts', ''],
        ['src/d.spec.ts', ''],
      ]),
    );
    const found = discover(files, {
      starts: [''],
      extensions,
      include: globs(['src/**']),
      exclude: globs(['test', '*.{spec,test}.ts']),
    });
    expect(found.paths).toEqual(['src/a.ts']);
  });
});

describe('on the disk', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const make = (texts: Record<string, string | Buffer>) => {
    const folder = mkdtempSync(join(tmpdir(), 'loopbound-discover-'));
    folders.push(folder);
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  };

  test('link loops end, links to elsewhere are followed once', () => {
    const outside = make({ 'shared/s.ts': '' });
    const root = make({ 'src/a.ts': '' });
    symlinkSync(root, join(root, 'src/loop'));
    symlinkSync(join(root, 'src/self'), join(root, 'src/self'));
    symlinkSync(join(outside, 'shared'), join(root, 'one'));
    symlinkSync(join(outside, 'shared'), join(root, 'two'));
    const found = discover(diskFiles(root), { starts: [''], extensions });
    expect(found.paths).toEqual(['one/s.ts', 'src/a.ts']);
    expect(found.skipped.map(({ path }) => path)).toEqual(['src/loop', 'src/self', 'two']);
  });

  test('large, binary and unreadable files are skipped with a reason; a byte order mark is no character', () => {
    const root = make({
      'large.ts': 'x'.repeat(6 * 1024 * 1024),
      'binary.ts': Buffer.from('let a\0 = 1'),
      'marked.ts': '\ufefflet a = 1',
      'secret.ts': 'let b',
    });
    const files = diskFiles(root);
    expect(files.read('large.ts')).toEqual({ kind: 'skipped', reason: 'too large (6.0 MB, the limit is 5.0 MB)' });
    expect(files.read('binary.ts')).toEqual({ kind: 'skipped', reason: 'binary (holds a NUL byte)' });
    expect(files.read('marked.ts')).toEqual({ kind: 'text', text: 'let a = 1' });
    expect(files.read('none.ts')).toEqual({ kind: 'absent' });
    if (process.getuid?.() !== 0) {
      chmodSync(join(root, 'secret.ts'), 0);
      expect(files.read('secret.ts')).toEqual({ kind: 'skipped', reason: 'unreadable (EACCES)' });
    }
    files.write('marked.ts', 'let a = 2');
    expect(files.read('marked.ts')).toEqual({ kind: 'text', text: 'let a = 2' });
    expect(files.stamp('marked.ts')?.size).toBe('\ufefflet a = 2'.length + 2);
  });
});
