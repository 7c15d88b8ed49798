// The manifest says what the code does: every text exists, every command is registered, every setting is read.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ruleIds } from '../../server/src/rules/finding.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = (file: string) => JSON.parse(read(file));
const manifest = json('package.json');
const sources = readdirSync(join(root, 'client/src'), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => read(join('client/src', file)))
  .join('\n');

const texts = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(texts);
  return [];
};

describe('the manifest', () => {
  const used = texts(manifest)
    .flatMap(text => /^%(.+)%$/.exec(text)?.[1] ?? [])
    .sort();

  it('has a text for each placeholder and no other', () => {
    expect(Object.keys(json('package.nls.json')).sort()).toEqual([...new Set(used)]);
  });

  it('is translated in full where it is translated', () => {
    for (const file of readdirSync(root).filter(name => /^package\.nls\.[\w-]+\.json$/.test(name))) {
      expect(Object.keys(json(file)).sort(), file).toEqual([...new Set(used)]);
    }
  });

  it('declares commands that are registered', () => {
    for (const { command } of manifest.contributes.commands) expect(sources).toContain(`'${command}'`);
  });

  it('declares the settings that are read', () => {
    const declared = manifest.contributes.configuration.flatMap((section: { properties: object }) =>
      Object.keys(section.properties),
    );
    const types = /export type Settings = \{([^}]*)\}/.exec(sources)?.[1] ?? '';
    const known = [...types.matchAll(/^\s*'?([\w.]+)'?:/gm)].map(match => `loopbound.${match[1]}`);
    // The language client reads this one by itself.
    expect(declared.sort()).toEqual([...known, 'loopbound.trace.server'].sort());
  });

  it('has a schema of the config file that names every rule', () => {
    const schema = json('media/config.schema.json');
    expect(Object.keys(schema.properties.rules.properties)).toEqual([...ruleIds]);
  });

  it('asks for the VS Code whose types it is built with', () => {
    const types = json('node_modules/@types/vscode/package.json').version.split('.');
    expect(manifest.engines.vscode).toBe(`^${types[0]}.${types[1]}.0`);
  });
});

describe('translations', () => {
  // Sentences that the code asks for, by either function.
  const sentences = new Set(
    [...sources.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)].map(match => match[1]?.replaceAll("\\'", "'") ?? ''),
  );

  it('translate sentences that exist, with the same holes', () => {
    const holes = (text: string): string[] => [...text.matchAll(/\{\d\}/g)].map(match => match[0]).sort();
    for (const file of readdirSync(join(root, 'l10n'))) {
      const bundle: Record<string, string> = json(join('l10n', file));
      const missing = [...sentences].filter(sentence => !(sentence in bundle));
      expect(missing, `not in ${file}`).toEqual([]);
      for (const [sentence, translated] of Object.entries(bundle)) {
        expect([...sentences], file).toContain(sentence);
        expect(holes(translated), sentence).toEqual(holes(sentence));
      }
    }
  });
});
