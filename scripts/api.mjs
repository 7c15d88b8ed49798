// The API reference: one page for each entry of the guard's package, from the doc comments in runtime/src.
// Part of `npm run docs`; knows no rules.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node, Project, SyntaxKind, TypeFormatFlags } from 'ts-morph';

const root = join(import.meta.dirname, '..');
const runtime = join(root, 'runtime');

/** Entries of the package: how it is imported, and the source file. */
export function entries() {
  const { name, exports } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'));
  const found = [];
  for (const [path, target] of Object.entries(exports)) {
    const types = target?.import?.types;
    if (!types) continue;
    const file = types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts');
    if (!path.includes('*')) {
      found.push({ specifier: path.replace('.', name), file });
      continue;
    }
    for (const one of readdirSync(join(runtime, file, '..')).sort()) {
      if (!one.endsWith('.ts') || one.startsWith('_')) continue;
      const part = one.slice(0, -3);
      found.push({ specifier: path.replace('.', name).replace('*', part), file: file.replace('*', part) });
    }
  }
  return found;
}

const FLAGS = TypeFormatFlags.NoTruncation | TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/** Pages by path from the root, and exports without a doc comment. */
export function apiReference() {
  const project = new Project({
    tsConfigFilePath: join(root, 'tsconfig.json'),
    skipAddingFilesFromTsConfig: true,
  });
  const all = entries().map(entry => ({ ...entry, source: project.addSourceFileAtPath(join(runtime, entry.file)) }));
  const pages = new Map();
  const undocumented = [];
  const list = [];
  for (const { specifier, source } of all) {
    const sections = [];
    for (const [name, declarations] of [...source.getExportedDeclarations()].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const texts = declarations.map(docOf).filter(Boolean);
      if (texts.length === 0) undocumented.push(`${specifier}: ${name}`);
      sections.push(section(name, declarations, [...new Set(texts)]));
    }
    const file = `${specifier.replaceAll('/', '-')}.md`;
    pages.set(`docs/api/${file}`, `# ${specifier}\n\n${headOf(source)}\n\n${sections.join('\n')}`);
    list.push(`- [\`${specifier}\`](${file})`);
  }
  pages.set(
    'docs/api/README.md',
    `# API reference\n\nEvery entry of the guard's package, from its doc comments. Written by \`npm run docs\`.\n\n${list.join('\n')}\n`,
  );
  return { pages, undocumented };
}

/** The comment that a file begins with. */
function headOf(source) {
  const lines = [];
  for (const line of source.getFullText().split('\n')) {
    if (!line.startsWith('//')) break;
    lines.push(line.replace(/^\/\/ ?/, ''));
  }
  return lines.join('\n');
}

function docOf(node) {
  const holder = Node.isVariableDeclaration(node) ? node.getVariableStatement() : node;
  if (!holder || !Node.isJSDocable(holder)) return '';
  return (
    holder
      .getJsDocs()
      .map(doc => doc.getCommentText() ?? '')
      .join('\n\n')
      // Code of doc comments is an excerpt, which no compiler sees.
      .replace(/```(?:ts|typescript)/g, '```js')
      .replace(/\{@link ([^}|]+)(?:\|[^}]*)?\}/g, '`$1`')
      .trim()
  );
}

const isHidden = node =>
  (Node.isModifierable(node) && (node.hasModifier('private') || node.hasModifier('protected'))) ||
  node.getName?.().startsWith('#') ||
  node.getName?.().startsWith('[');

function section(name, declarations, texts) {
  const code = declarations.map(signatureOf).join('\n');
  const members = declarations.flatMap(node => (Node.isClassDeclaration(node) ? membersOf(node) : []));
  const body = [`## ${name}\n`, texts.join('\n\n'), `\n\`\`\`text\n${code}\n\`\`\`\n`];
  if (members.length > 0) body.push(`${members.join('\n')}\n`);
  return body.join('\n');
}

function signatureOf(node) {
  if (Node.isFunctionDeclaration(node)) {
    const overloads = node.getOverloads();
    const all = overloads.length > 0 ? overloads : [node];
    return all.map(one => headText(one)).join('\n');
  }
  if (Node.isVariableDeclaration(node)) return `const ${node.getName()}: ${node.getType().getText(node, FLAGS)}`;
  if (Node.isClassDeclaration(node)) return headText(node);
  return node.getText().replace(/^export /, '');
}

/** A declaration without its body. */
function headText(node) {
  const open = Node.isClassDeclaration(node)
    ? node.getFirstChildByKindOrThrow(SyntaxKind.OpenBraceToken).getStart()
    : (node.getBody?.()?.getStart() ?? node.getEnd());
  return node
    .getSourceFile()
    .getFullText()
    .slice(node.getStart(), open)
    .replace(/^export (?:default )?/, '')
    .trim()
    .replace(/;$/, '');
}

function membersOf(node) {
  const rows = [];
  for (const member of [...node.getConstructors(), ...node.getInstanceMembers()]) {
    if (isHidden(member)) continue;
    const text = (
      Node.isPropertyDeclaration(member) || Node.isParameterDeclaration(member)
        ? `${member.getName()}: ${member.getType().getText(member, FLAGS)}`
        : headText(member)
    ).replace(/\s+/g, ' ');
    rows.push(`- \`${text}\`${docOf(member) ? `: ${docOf(member).replace(/\s*\n\s*/g, ' ')}` : ''}`);
  }
  return rows;
}
