// Writes a TypeScript workspace of any size that looks like a product with agents in it: libraries, services, agents, routes
// and components that import each other downwards. The same seed gives the same texts. Nothing is read from the disk.

/** What is asked of the generator. */
export interface Shape {
  readonly files: number;
  /** Of all texts together, roughly. */
  readonly bytes: number;
  readonly seed: number;
}

export interface Workspace {
  readonly texts: ReadonlyMap<string, string>;
  /** Files that call models themselves. */
  readonly agents: readonly string[];
  /** Files that lead to an agent by their imports. */
  readonly users: readonly string[];
  readonly bytes: number;
}

type Layer = 'lib' | 'domain' | 'agents' | 'routes' | 'components';

/** How large a part of the files a layer is, and which layers it imports. */
const layers: readonly { readonly name: Layer; readonly share: number; readonly from: readonly Layer[] }[] = [
  { name: 'lib', share: 0.25, from: ['lib'] },
  { name: 'domain', share: 0.25, from: ['lib', 'domain'] },
  { name: 'agents', share: 0.1, from: ['lib', 'domain', 'agents'] },
  { name: 'routes', share: 0.2, from: ['domain', 'lib', 'agents'] },
  { name: 'components', share: 0.2, from: ['components', 'lib'] },
];

const nouns =
  'order customer invoice session document message report metric tenant policy asset ticket project release event'.split(
    ' ',
  );
const verbs = 'load parse merge rank filter render publish archive validate resolve index collect'.split(' ');

/** A generator of numbers that a seed decides. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return below => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

export function makeWorkspace(shape: Shape): Workspace {
  const roll = dice(shape.seed);
  const each = Math.floor(shape.bytes / shape.files);
  const texts = new Map<string, string>();
  const agents: string[] = [];
  const users: string[] = [];
  const made = new Map<Layer, string[]>(layers.map(layer => [layer.name, []]));
  let bytes = 0;
  for (const { name, share, from } of layers) {
    const count = Math.round(shape.files * share);
    for (let at = 0; at < count; at++) {
      const ending = name === 'components' ? 'tsx' : 'ts';
      const path = `src/${name}/${nouns[at % nouns.length]}/${name}${at}.${ending}`;
      const imports = from.flatMap(layer =>
        pick(made.get(layer)!, layer === 'agents' ? 1 + roll(2) : 1 + roll(3), roll),
      );
      const text = fileText({ path, layer: name, at, imports, bytes: each, roll });
      texts.set(path, text);
      bytes += text.length;
      if (name === 'agents') agents.push(path);
      else if (imports.some(one => one.startsWith('src/agents/'))) users.push(path);
      made.get(name)!.push(path);
    }
  }
  texts.set(
    'package.json',
    '{ "name": "bench", "dependencies": { "openai": "^5.0.0", "@langchain/langgraph": "^1.0.0" } }',
  );
  texts.set(
    'tsconfig.json',
    '{ "compilerOptions": { "strict": true, "module": "esnext", "moduleResolution": "bundler" } }',
  );
  return { texts, agents, users, bytes };
}

function pick(list: readonly string[], count: number, roll: (below: number) => number): string[] {
  const found = new Set<string>();
  for (let i = 0; i < count && list.length > 0; i++) found.add(list[roll(list.length)]!);
  return [...found];
}

interface FileShape {
  readonly path: string;
  readonly layer: Layer;
  readonly at: number;
  readonly imports: readonly string[];
  readonly bytes: number;
  readonly roll: (below: number) => number;
}

function fileText({ path, layer, at, imports, bytes, roll }: FileShape): string {
  const lines: string[] = [];
  const known: string[] = [];
  if (layer === 'agents') lines.push("import OpenAI from 'openai';");
  if (layer === 'components') lines.push("import { useState } from 'react';");
  for (const one of imports) {
    const name = /(\w+)\.tsx?$/.exec(one)![1]!;
    lines.push(`import { ${name}First, ${name}Service } from '${relative(path, one)}';`);
    known.push(name);
  }
  const own = `${layer}${at}`;
  lines.push('', `/** Entry of ${own}. */`);
  lines.push(`export function ${own}First(input: ${pascal(own)}Input): string {`, '  return input.id;', '}', '');
  lines.push(
    `export interface ${pascal(own)}Input {`,
    '  id: string;',
    '  tags: string[];',
    '  size: number;',
    '}',
    '',
  );
  if (layer === 'agents')
    lines.push(
      ...agentText(
        own,
        at,
        known.filter(name => name.startsWith('agents')),
      ),
    );
  lines.push(...serviceText(own, known, roll));
  let length = lines.reduce((sum, line) => sum + line.length + 1, 0);
  for (let i = 0; length < bytes; i++) {
    const more = layer === 'components' && i % 3 === 0 ? componentText(own, i, roll) : helperText(own, i, known, roll);
    for (const line of more) {
      lines.push(line);
      length += line.length + 1;
    }
  }
  return `${lines.join('\n')}\n`;
}

function agentText(own: string, at: number, agents: readonly string[]): string[] {
  // One in eight has no bound.
  const bounded = at % 8 !== 0;
  const other = agents[0];
  return [
    'const client = new OpenAI();',
    `const limit = ${3 + (at % 9)};`,
    '',
    `async function ask${at}(messages: unknown[]): Promise<{ tool_calls?: { name: string }[]; content: string }> {`,
    "  const reply = await client.chat.completions.create({ model: 'm', messages } as never);",
    '  return (reply as any).choices[0].message;',
    '}',
    '',
    `const tools${at}: Record<string, (input: string) => Promise<string>> = {`,
    '  async search(input) {',
    `    return ${other ? `${other}First({ id: input, tags: [], size: 1 })` : 'input'};`,
    '  },',
    '  async read(input) {',
    '    return input.trim();',
    '  },',
    '};',
    '',
    `export async function run${pascal(own)}(question: string): Promise<string> {`,
    "  const messages: unknown[] = [{ role: 'user', content: question }];",
    ...(bounded ? ['  for (let turn = 0; turn < limit; turn++) {'] : ['  while (true) {']),
    `    const message = await ask${at}(messages);`,
    '    messages.push(message);',
    '    if (!message.tool_calls?.length) return message.content;',
    '    for (const call of message.tool_calls) {',
    '      try {',
    `        messages.push({ role: 'tool', content: await tools${at}[call.name]?.(message.content) });`,
    '      } catch (error) {',
    "        messages.push({ role: 'tool', content: String(error) });",
    '      }',
    '    }',
    '  }',
    ...(bounded ? ["  throw new Error('no answer');"] : []),
    '}',
    '',
    `export async function retry${pascal(own)}(question: string, attempt = 0): Promise<string> {`,
    '  try {',
    `    return await run${pascal(own)}(question);`,
    '  } catch (error) {',
    '    if (attempt >= limit) throw error;',
    `    return retry${pascal(own)}(question, attempt + 1);`,
    '  }',
    '}',
    '',
  ];
}

function serviceText(own: string, known: readonly string[], roll: (below: number) => number): string[] {
  const noun = nouns[roll(nouns.length)]!;
  const peers = known.slice(0, 3);
  return [
    `export class ${own}Service {`,
    '  private readonly items = new Map<string, number>();',
    '  private count = 0;',
    ...peers.map((name, i) => `  private readonly peer${i} = new ${name}Service();`),
    '',
    `  ${noun}(id: string): number {`,
    '    const kept = this.items.get(id);',
    '    if (kept !== undefined) return kept;',
    '    this.count++;',
    '    const value = this.compute(id, this.count);',
    '    this.items.set(id, value);',
    '    return value;',
    '  }',
    '',
    '  compute(id: string, seed: number): number {',
    '    let total = seed;',
    '    for (const char of id) total = (total * 31 + char.charCodeAt(0)) % 1_000_003;',
    ...peers.map((_, i) => `    total += this.peer${i}.size();`),
    '    return total;',
    '  }',
    '',
    '  size(): number {',
    '    return this.items.size;',
    '  }',
    '}',
    '',
  ];
}

function helperText(own: string, i: number, known: readonly string[], roll: (below: number) => number): string[] {
  const verb = verbs[roll(verbs.length)]!;
  const noun = pascal(nouns[roll(nouns.length)]!);
  const name = `${verb}${noun}${i}`;
  const before = i > 0 && roll(3) > 0 ? `helper${pascal(own)}${i - 1}` : 'String';
  const peer = known.length > 0 ? known[roll(known.length)]! : undefined;
  return [
    '/**',
    ` * Brings the ${noun.toLowerCase()}s of one page into the order in which they are shown, and leaves out those that`,
    ' * have been archived since; see the handbook for what counts as archived.',
    ' */',
    `export async function ${name}(list: readonly ${pascal(own)}Input[], page = ${1 + roll(20)}): Promise<string[]> {`,
    '  const found: string[] = [];',
    '  const seen = new Set<string>();',
    '  for (let at = 0; at < list.length && found.length < page * 50; at++) {',
    '    const one = list[at]!;',
    "    if (seen.has(one.id) || one.tags.includes('archived')) continue;",
    '    seen.add(one.id);',
    '    switch (one.tags[0]) {',
    "      case 'urgent':",
    '        found.unshift(one.id.toUpperCase());',
    '        break;',
    "      case 'late': {",
    "        const text = one.tags.map(tag => tag.trim()).join(', ');",
    '        found.push(`$' + '{one.id}: $' + '{text} ($' + '{one.size} bytes)`);',
    '        break;',
    '      }',
    '      default:',
    `        found.push(${before}(one.id));`,
    '    }',
    '  }',
    ...(peer
      ? [`  if (found.length === 0) found.push(${peer}First({ id: '${name}', tags: [], size: ${roll(90)} }));`]
      : []),
    '  return found.filter(Boolean).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));',
    '}',
    '',
    `function helper${pascal(own)}${i}(value: string): string {`,
    `  const options = { width: ${roll(200)}, pad: '${'.-_ '[roll(4)]}', trim: true, locale: process.env.LOCALE ?? 'en' };`,
    '  const short = options.trim ? value.trim() : value;',
    '  return short.length > options.width ? short.slice(0, options.width) : short.padEnd(options.width, options.pad);',
    '}',
    '',
  ];
}

function componentText(own: string, i: number, roll: (below: number) => number): string[] {
  const noun = pascal(nouns[roll(nouns.length)]!);
  return [
    `export function ${noun}Panel${i}({ items }: { items: ${pascal(own)}Input[] }) {`,
    '  const [open, setOpen] = useState(false);',
    "  const [filter, setFilter] = useState('');",
    '  const shown = items.filter(item => item.id.includes(filter));',
    '  if (items.length === 0) return <p className="empty">Nothing here yet</p>;',
    '  return (',
    "    <section className={open ? 'open' : 'closed'}>",
    `      <button type="button" onClick={() => setOpen(!open)}>${noun} ({shown.length})</button>`,
    '      <input value={filter} onChange={event => setFilter(event.target.value)} />',
    '      <ul>',
    '        {shown.map(item => (',
    '          <li key={item.id} title={item.tags.join()}>',
    '            {item.id} <small>{item.size}</small>',
    '          </li>',
    '        ))}',
    '      </ul>',
    '    </section>',
    '  );',
    '}',
    '',
  ];
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function relative(from: string, to: string): string {
  const a = from.split('/').slice(0, -1);
  const b = to.split('/');
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const up = a.length - same;
  const rest = b
    .slice(same)
    .join('/')
    .replace(/\.tsx?$/, '');
  return up === 0 ? `./${rest}` : `${'../'.repeat(up)}${rest}`;
}
