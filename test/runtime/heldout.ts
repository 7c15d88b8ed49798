// Labelled call sequences that were written before the detector was mended by them: they tell what it makes of calls
// that nobody tuned it for. `expect` names no rung here, only whether it is a loop.

import type { Turn } from './sequences.ts';

/** A sequence and whether it is a loop. */
export type HeldOut = { name: string; loop: boolean; turns: Turn[] };

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const call = (tool: string, args: unknown = {}, result?: unknown): Turn => ({ tool, args, result });
const fails = (tool: string, args: unknown, message: string, extra: object = {}): Turn => ({
  tool,
  args,
  error: Object.assign(new Error(message), extra),
});
const pick = <T>(items: readonly T[], index: number): T => items[index % items.length]!;
const at = (index: number): string =>
  `2026-05-04T09:${String(10 + Math.floor(index / 6)).padStart(2, '0')}:${10 + (index % 6) * 8}Z`;
const CITIES = [
  'Oslo',
  'Lima',
  'Cairo',
  'Quito',
  'Delhi',
  'Porto',
  'Turin',
  'Osaka',
  'Perth',
  'Accra',
  'Hanoi',
  'Minsk',
];
const PEOPLE = ['Ada Moore', 'Ben Okoro', 'Cleo Ruiz', 'Dan Weiss', 'Eli Novak', 'Fay Tan', 'Gil Hart', 'Hugo Sand'];

const LOOPS: [string, Turn[]][] = [
  // Cycles.
  [
    'supervisor and worker hand the same ticket to and fro',
    times(14, i =>
      call(i % 2 ? 'worker.handle' : 'supervisor.assign', { ticket: 'T-8' }, i % 2 ? 'needs approval' : 'assigned'),
    ),
  ],
  [
    'a three-step plan that starts over',
    times(15, i =>
      pick(
        [
          call('plan_next', { goal: 'ship' }, 'step: gather'),
          call('gather', { what: 'specs' }, '3 documents'),
          call('evaluate', { goal: 'ship' }, 'not sufficient'),
        ],
        i,
      ),
    ),
  ],
  [
    'five tools round and round, entered at the third',
    times(22, i =>
      pick(
        ['open', 'filter', 'sort', 'export', 'close'].map(tool => call(tool, { view: 'v1' }, `${tool} done`)),
        i + 2,
      ),
    ),
  ],
  [
    'the same two edits undone and redone',
    times(16, i =>
      pick(
        [
          call('edit_file', { path: 'a.ts', old: 'x', new: 'y' }, 'ok'),
          call('run_tests', {}, '2 failed'),
          call('edit_file', { path: 'a.ts', old: 'y', new: 'x' }, 'ok'),
          call('run_tests', {}, '3 failed'),
        ],
        i,
      ),
    ),
  ],
  [
    'seven calls in a ring with a failing one',
    times(28, i =>
      i % 7 === 3
        ? fails('submit', { form: 9 }, 'validation failed')
        : call(`tool_${i % 7}`, { k: i % 7 }, `r${i % 7}`),
    ),
  ],
  [
    'eight calls in a ring after a start of its own',
    [call('hello', {}, 'hi'), ...times(30, i => call(`phase_${i % 8}`, { n: i % 8 }, 'done'))],
  ],
  [
    'two calls, the second of which gives nothing back',
    times(10, i =>
      i % 2 ? call('notify', { channel: 'ops' }, undefined) : call('scan', { host: 'db1' }, 'no change'),
    ),
  ],
  ['the same null result again and again', times(6, () => call('find_one', { email: 'a@b.c' }, null))],
  [
    'thanks and welcome',
    times(12, i =>
      call(
        'send_message',
        i % 2 ? { to: 'alpha', text: 'You are welcome!' } : { to: 'beta', text: 'Thank you!' },
        'delivered',
      ),
    ),
  ],
  // Volatile parts.
  [
    'the same failing command, new build number, duration and temporary folder each time',
    times(6, i =>
      call(
        'shell',
        { command: 'make all' },
        `make: *** [all] Error 2\nworking in /tmp/build.${'aXk3Qz9'.slice(i % 3)}${i}7\nreal 0m${i + 3}.21${i}s`,
      ),
    ),
  ],
  [
    'a rejected form with a fresh trace id in JSON',
    times(6, i => call('submit_form', { form: 3 }, { status: 'rejected', traceId: `a${i}f9c${i}`, took: 12 + i })),
  ],
  [
    'server will not start, port and pid differ',
    times(6, i =>
      call(
        'start_server',
        { app: 'web' },
        `worker exited (pid=${3100 + i * 7}), tried http://127.0.0.1:${49152 + i * 11}`,
      ),
    ),
  ],
  [
    'an upload refused with receipts',
    times(6, i => call('upload', { file: 'r.pdf' }, `Refused. Receipt: RX-${7000 + i * 13}`)),
  ],
  [
    'same arguments but for the attempt counter',
    times(6, i => call('resolve_conflict', { branch: 'dev', attempt: i + 1 }, 'conflict remains')),
  ],
  [
    'same arguments but for a current time',
    times(6, i => call('check_inbox', { folder: 'in', now: at(i) }, 'no new messages')),
  ],
  [
    'same command in a new scratch directory each time',
    times(6, i =>
      call(
        'run',
        { cmd: 'pytest -q', cwd: `/tmp/agent-${['k3Jf9a', 'p0Zx81', 'Qm4t7e', 'z8Vb2n', 'h5Lc6w', 'u1Ds3y'][i]}` },
        '1 failed, 3 passed',
      ),
    ),
  ],
  [
    'job refused with ids of its own kind',
    times(6, i =>
      call(
        'enqueue',
        { job: 'nightly' },
        `job_${['9fk2', '3mx8', 'q71z', 'k0d4', 'w5s9', 'b6t1'][i]}a7 rejected: quota`,
      ),
    ),
  ],
  [
    'a result whose own attempt counter is all that moves',
    times(6, i => call('connect', { host: 'vpn' }, `attempt ${i + 1} failed: bad credentials`)),
  ],
  [
    'timings in minutes and seconds',
    times(6, i => call('e2e', { suite: 'login' }, `1 failing (${i + 1}m ${20 + i}s)`)),
  ],
  [
    'a date header that moves with every answer',
    times(6, i =>
      call(
        'http_get',
        { url: 'https://api.test/v1/me' },
        { status: 403, headers: { date: `Mon, 04 May 2026 09:1${i}:00 GMT` }, body: 'forbidden' },
      ),
    ),
  ],
  [
    'an error page with a fresh incident number',
    times(6, i =>
      call(
        'open_page',
        { url: 'https://shop.test' },
        `Something went wrong. Reference #${['18.ab3c', '18.ff01', '18.90de', '18.77aa', '18.1234', '18.9abc'][i]}.176${2000000 + i * 31}`,
      ),
    ),
  ],
  // Same failure.
  [
    'forbidden whatever is asked',
    times(7, i =>
      fails('query_db', { sql: `select ${i} from t${i}` }, 'permission denied for schema app', { code: '42501' }),
    ),
  ],
  [
    'errors given back as text, whatever the query',
    times(8, i => call('web_search', { q: `topic ${i} overview` }, 'Error: 401 Unauthorized: invalid API key')),
  ],
  [
    'errors given back as MCP results',
    times(8, i =>
      call(
        'create_page',
        { title: `Draft ${i}` },
        { isError: true, content: [{ type: 'text', text: 'workspace is read-only' }] },
      ),
    ),
  ],
  [
    'a command that is not installed, with other arguments each time',
    times(8, i => call('bash', { cmd: `terraform plan -out p${i}` }, 'bash: terraform: command not found')),
  ],
  [
    'the failure names what was asked for',
    times(10, i =>
      fails('read_file', { path: `src/guess_${i}.ts` }, `ENOENT: no such file or directory, open 'src/guess_${i}.ts'`, {
        code: 'ENOENT',
      }),
    ),
  ],
  [
    'the same refusal between other work',
    times(16, i =>
      i % 2 ? call('think', { n: i }, `thought ${i}`) : fails('deploy', { tag: `v1.${i}` }, 'deploy key revoked'),
    ),
  ],
  [
    'rate limited for ever, politely waiting',
    times(60, i =>
      i % 2 ? call('sleep', { seconds: 30 }, undefined) : fails('chat', { m: 1 }, 'Too Many Requests', { status: 429 }),
    ),
  ],
  [
    'schema errors with ever new guesses',
    times(7, i =>
      fails('create_event', { when: `guess${i}`, kind: i }, 'Invalid arguments: field "calendarId" is required'),
    ),
  ],
  // Same result, other words or knobs.
  [
    'the limit is turned up and nothing more comes',
    times(10, i => call('search_docs', { query: 'refund window', limit: 5 * (i + 1) }, 'No documents matched.')),
  ],
  [
    'sort order and depth are tried in turn',
    times(12, i => call('list_issues', { repo: 'web', sort: pick(['new', 'old', 'top'], i), depth: i % 4 }, '[]')),
  ],
  [
    'words change places',
    [
      'refund policy shop',
      'shop refund policy',
      'policy refund shop',
      'refund shop policy',
      'shop policy refund',
      'the refund policy of the shop',
      'refund policy for shop',
      'shop: refund policy',
      'policy of refund shop',
    ].map(q => call('search', { q }, 'No results found')),
  ],
  [
    'the question is asked more and more urgently',
    [
      'what is the wifi password',
      'please, what is the wifi password',
      'tell me the wifi password',
      'the wifi password please',
      'I need the wifi password now',
      'wifi password?',
      'what is the current wifi password',
      'give me the wifi password',
    ].map(text => call('ask_colleague', { text }, 'I do not know.')),
  ],
  [
    'weather in every wording',
    [
      'weather Paris',
      'Paris weather',
      'what is the weather in Paris',
      'current weather Paris',
      'Paris weather now',
      'weather forecast Paris',
      'weather in Paris today',
      'Paris weather forecast today',
      'Paris, weather',
    ].map(q => call('lookup', { q }, { results: [] })),
  ],
  [
    'the same three hits for ever',
    [
      'retry policy',
      'policy for retries',
      'retry policy docs',
      'docs retry policy',
      'retry policies',
      'policy retry docs',
      'docs: policy for retry',
      'retry docs policy',
    ].map(q => call('kb_search', { q }, { hits: ['doc-1: Retry basics', 'doc-2: Timeouts', 'doc-7: Queues'] })),
  ],
  // Interleaved.
  [
    'the same lookup between ever new thoughts',
    times(12, i =>
      i % 2 ? call('think', { thought: `maybe ${i}` }, '') : call('get_order', { id: 551 }, { state: 'unknown' }),
    ),
  ],
  [
    'the same search, with another page read in between',
    times(12, i =>
      i % 2
        ? call('read_page', { url: `https://x.test/${i}` }, `page ${i} about cats`)
        : call('search', { q: 'opening hours' }, 'no results'),
    ),
  ],
  [
    'the same lookup while the clock is read',
    times(12, i => (i % 2 ? call('get_time', {}, at(i)) : call('get_order', { id: 551 }, { state: 'unknown' }))),
  ],
  [
    'the todo list rewritten between equal searches',
    times(12, i =>
      i % 2
        ? call('update_todos', { items: [`try ${i}`] }, 'saved')
        : call('grep', { pattern: 'initFoo' }, 'no matches'),
    ),
  ],
  [
    'two known searches and a remark that is new',
    times(18, i =>
      pick(
        [call('search', { q: 'a' }, 'none'), call('search', { q: 'b' }, 'none'), call('note', { text: `n${i}` }, 'ok')],
        i,
      ),
    ),
  ],
  [
    'eight known calls, no order to them',
    [0, 1, 2, 3, 4, 5, 6, 7, 2, 5, 0, 7, 3, 1, 6, 4, 7, 0, 2, 4, 1, 5, 3, 6, 0, 3, 7, 2, 6, 1, 4, 5].map(n =>
      call('inspect', { node: n }, `state of ${n}`),
    ),
  ],
  // Sweeps, spawns, parallel.
  [
    'page after page of nothing',
    times(40, i => call('list_orders', { page: i + 1, status: 'open' }, { items: [], hasMore: true })),
  ],
  [
    'a file read on and on past its end',
    times(30, i => call('read_file', { path: 'log.txt', start_line: 1 + i * 200 }, '')),
  ],
  [
    'url pages without end',
    times(120, i =>
      call('fetch', { url: `https://shop.test/list?page=${i + 1}&sort=new` }, `offers ${i * 20} to ${i * 20 + 19}`),
    ),
  ],
  [
    'sed through a log without end',
    times(120, i =>
      call('bash', { command: `sed -n '${i * 100 + 1},${i * 100 + 100}p' app.log` }, `lines from ${i * 100}`),
    ),
  ],
  ['ten more each time', times(90, i => call('top_posts', { limit: 10 + i * 10 }, `${10 + i * 10} posts`))],
  [
    'sub-agents without end',
    times(90, i => call('Task', { description: `look into part ${i}`, prompt: `part ${i}` }, `summary ${i}`)),
  ],
  [
    'agents that dispatch agents, none back yet',
    times(90, i => ({ tool: 'dispatch_agent', args: { goal: `g${i}` }, pending: true })),
  ],
  [
    'handed on to ever new colleagues',
    times(90, i => call('handoff', { to: `agent_${i}`, task: 'finish the report' }, 'accepted')),
  ],
  [
    'four equal calls side by side',
    times(4, () => ({ tool: 'book_flight', args: { from: 'OSL', to: 'LIM' }, pending: true })),
  ],
  ['six calls side by side, two kinds', times(9, i => ({ tool: 'charge', args: { card: i % 2 }, pending: true }))],
  // Polls that have come to nothing.
  [
    'a build that has been pending for far too long',
    times(60, () => call('get_build_status', { build: 77 }, { status: 'pending' })),
  ],
  [
    'a poll and a sleep, for ever the same',
    times(80, i => (i % 2 ? call('wait', { seconds: 10 }, 'waited') : call('check_job', { id: 3 }, 'still running'))),
  ],
  [
    'an unknown state is asked for again and again',
    times(8, () => call('get_shipment', { id: 'S1' }, { found: false })),
  ],
];

const HONEST: [string, Turn[]][] = [
  // Polls.
  [
    'pending a few times, then done',
    [
      ...times(6, () => call('get_job', { id: 5 }, { status: 'pending' })),
      call('get_job', { id: 5 }, { status: 'done' }),
    ],
  ],
  [
    'a deployment through its stages',
    [
      'queued',
      'queued',
      'queued',
      'building',
      'building',
      'building',
      'building',
      'deploying',
      'deploying',
      'live',
    ].map(state => call('deployment_status', { id: 'd1' }, { state })),
  ],
  [
    'time left counts down',
    times(10, i => call('export_status', { id: 2 }, `exporting, ${100 - i * 10} seconds remaining`)),
  ],
  [
    'an ETA in JSON counts down',
    times(10, i => call('render_status', { id: 2 }, { state: 'rendering', eta: `${60 - i * 5}s` })),
  ],
  [
    'the last processed time is the progress',
    times(10, i => call('backfill_status', {}, { state: 'running', processedUntil: at(i * 5) })),
  ],
  ['synced up to a time', times(10, i => call('sync_state', { src: 'crm' }, `synced up to ${at(i * 5)}`))],
  ['a clock is read', times(6, i => call('get_time', { zone: 'UTC' }, at(i)))],
  ['ids are made', times(6, i => call('new_id', {}, `3f2504e0-4f89-41d3-9a0c-0305e82c33${10 + i}`))],
  ['seconds of video encoded', times(10, i => call('encode_status', { id: 1 }, `encoded ${i * 12} s of 120 s`))],
  [
    'sleep and a slow poll',
    times(16, i =>
      i % 2
        ? call('sleep', { ms: 5000 }, null)
        : call('poll_task', { id: 9 }, { status: i < 12 ? 'running' : 'succeeded' }),
    ),
  ],
  ['waiting a few times in a row', times(5, () => call('wait', { seconds: 60 }, 'ok'))],
  [
    'a log followed while it grows',
    times(14, i => call('read_log', { unit: 'api' }, times(i + 1, line => `${at(line)} handled request`).join('\n'))),
  ],
  ['a queue that drains', times(12, i => call('queue_length', { q: 'mail' }, 60 - i * 5))],
  [
    'a screen read after each key',
    times(16, i => (i % 2 ? call('screen', {}, `row ${i}`) : call('press', { key: 'Down' }, 'ok'))),
  ],
  [
    'a page scrolled and read',
    times(16, i =>
      i % 2 ? call('get_text', {}, `paragraph ${i}`) : call('click', { selector: '#next' }, { ok: true }),
    ),
  ],
  [
    'messages taken from an inbox until it is empty',
    [
      ...times(9, i => call('receive', { queue: 'in' }, { body: `order ${i * 17}` })),
      call('receive', { queue: 'in' }, null),
    ],
  ],
  // Batches.
  ['the same verdict on many', times(20, i => call('is_prime', { n: 1009 + i * 2 }, false))],
  [
    'not found in many places',
    times(15, i => call('find_definition', { symbol: 'Foo', file: `pkg/mod${i}.py` }, 'not found')),
  ],
  [
    'many records updated',
    times(30, i =>
      call(
        'update_record',
        { id: `rec${i}`, field: 'state', value: 'done' },
        { success: true, message: 'Record updated' },
      ),
    ),
  ],
  [
    'every hour of a day without an event',
    times(24, i =>
      call(
        'list_events',
        {
          from: `2026-05-04T${String(i).padStart(2, '0')}:00:00Z`,
          to: `2026-05-04T${String(i).padStart(2, '0')}:59:59Z`,
        },
        [],
      ),
    ),
  ],
  [
    'forecasts that are not there for many cities',
    CITIES.map(city => call('search', { q: `weather forecast for tomorrow in ${city}` }, 'no data available')),
  ],
  [
    'capitals asked one after the other, none known',
    CITIES.map(city =>
      call('ask', { question: `which country is ${city.toLowerCase()} the capital of` }, 'I do not know'),
    ),
  ],
  [
    'letters to many people',
    PEOPLE.map(name =>
      call('send_email', { to: `${name.split(' ')[0]}@x.test`, body: 'The meeting is moved to Friday.' }, 'queued'),
    ),
  ],
  [
    'uuids deleted',
    times(12, i => call('delete_object', { id: `9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb${10 + i}` }, 'deleted')),
  ],
  [
    'temporary files written one by one',
    times(10, i => call('write_file', { path: `/tmp/out-${i}.txt`, text: 'x' }, 'written')),
  ],
  [
    'balances of many addresses',
    times(10, i => call('get_balance', { address: `0x52908400098527886E0F7030069857D2E4169E${10 + i}` }, '0')),
  ],
  ['timestamps converted', times(8, i => call('to_local', { timestamp: 1760000000 + i * 3600 }, 'invalid zone'))],
  ['forty tasks filed', times(60, i => call('create_task', { title: `Task ${i}` }, { created: true }))],
  ['one screenshot after another', times(8, i => call('screenshot', {}, { image: `iVBOR${'x'.repeat(40)}${i}` }))],
  [
    'headlines rated alike',
    [
      'Rain stops play in Leeds',
      'Bakery wins regional prize',
      'New tram line opened',
      'Council votes on parking',
      'Museum shows old maps',
      'Local team draws again',
      'School garden blooms',
      'River path closed',
      'Choir seeks tenors',
    ].map(text => call('sentiment', { text }, 'neutral')),
  ],
  [
    'links checked, many of them dead',
    times(12, i => call('check_link', { url: `https://x.test/p${i}` }, { status: 404, ok: false })),
  ],
  ['ten probes, all with the same answer', times(10, i => call('port_open', { host: 'h', port: 8000 + i }, 'closed'))],
  // Work.
  [
    'tests stay red over four different edits',
    times(10, i =>
      i % 2 ? call('run_tests', {}, '1 failed: login') : call('edit_file', { path: 'a.ts', patch: `p${i}` }, 'ok'),
    ),
  ],
  [
    'clean after each of twelve edits',
    times(24, i =>
      i % 2 ? call('lint', {}, 'no problems') : call('write_file', { path: `f${i}.ts`, text: `t${i}` }, 'written'),
    ),
  ],
  [
    'one shell, edits and the same test',
    times(14, i =>
      call(
        'bash',
        { cmd: i % 2 ? 'npm test' : `sed -i 's/a${i}/b/' src/x.ts` },
        i % 2 ? 'Tests: 1 failed, 8 passed' : '',
      ),
    ),
  ],
  [
    'the folder is listed before every file',
    times(12, i =>
      i % 2
        ? call('read_file', { path: `f${i}.ts` }, `export const x${i} = ${i * 3};`)
        : call('list_dir', { path: '.' }, 'f1.ts f3.ts f5.ts f7.ts f9.ts f11.ts'),
    ),
  ],
  [
    'git status between pieces of work',
    times(20, i =>
      i % 4 === 3 ? call('git_status', {}, 'clean') : call('read_file', { path: `m${i}.ts` }, `content ${i}`),
    ),
  ],
  [
    'a config looked at now and then in a long run',
    times(30, i =>
      i % 9 === 0
        ? call('read_file', { path: 'config.json' }, '{"a":1}')
        : call('analyze', { part: i }, `finding ${i * 7}`),
    ),
  ],
  [
    'a file read again after each edit',
    times(12, i =>
      i % 2 ? call('read_file', { path: 'a.md' }, `version ${i}`) : call('edit_file', { path: 'a.md', n: i }, 'ok'),
    ),
  ],
  [
    'compiler errors fixed one by one',
    times(14, i =>
      i % 2 ? fails('compile', { target: 'all' }, `Cannot find name 'sym${i}'`) : call('edit', { n: i }, 'done'),
    ),
  ],
  [
    'three edits and three builds with one and the same error',
    times(6, i =>
      i % 2 ? fails('build', {}, 'link error: missing libfoo') : call('apply_patch', { patch: `p${i}` }, 'applied'),
    ),
  ],
  [
    'drafts and reviews, three rounds',
    times(6, i => call(i % 2 ? 'review' : 'draft', { round: i >> 1 }, i % 2 ? 'please tighten' : `draft ${i}`)),
  ],
  [
    'a counter of turns in a game',
    times(20, i => call('roll_dice', { sides: 6 }, [3, 3, 3, 5, 1, 6, 6, 2, 4, 4, 4, 1, 2, 5, 5, 3, 6, 1, 1, 2][i])),
  ],
  [
    'thinking step by step',
    times(12, i =>
      call(
        'sequentialthinking',
        { thought: `Step ${i} considers option ${i}`, thoughtNumber: i, nextThoughtNeeded: true },
        { ok: true },
      ),
    ),
  ],
  ['thoughts alone', times(12, i => call('think', { thought: `consideration number ${i}` }, ''))],
  // Retries and people.
  [
    'an overloaded model that tells so only in its message',
    [...times(4, () => fails('chat', { m: 1 }, '503 Service Unavailable')), call('chat', { m: 1 }, 'hi')],
  ],
  [
    'a rate limit with a class of its own',
    [...times(5, () => fails('chat', { m: 2 }, 'slow down', { name: 'RateLimitError' })), call('chat', { m: 2 }, 'hi')],
  ],
  [
    'timeouts, then an answer',
    [
      ...times(3, () => fails('fetch_report', { id: 1 }, 'Request timed out.', { name: 'APIConnectionTimeoutError' })),
      call('fetch_report', { id: 1 }, 'report'),
    ],
  ],
  [
    'an error that says that it can be tried again',
    [...times(4, () => fails('pay', { id: 1 }, 'locked', { retryable: true })), call('pay', { id: 1 }, 'paid')],
  ],
  [
    'busy answers in the result, then success',
    [
      ...times(4, () => call('llm', { p: 1 }, { error: { type: 'overloaded_error', message: 'Overloaded' } })),
      call('llm', { p: 1 }, { text: 'hello' }),
    ],
  ],
  [
    'a person asks for the weather every morning',
    times(8, i => (i % 2 ? { human: true } : call('weather', { city: 'Oslo' }, 'rain'))),
  ],
  [
    'two readers retry once each',
    times(8, i =>
      i % 2
        ? call('get', { id: i >> 1 }, `v${i}`)
        : fails('get', { id: i >> 1 }, 'socket hang up', { code: 'ECONNRESET' }),
    ),
  ],
  // Pages and agents.
  [
    'a listing that ends',
    [
      ...times(11, i => call('list_users', { page: i + 1 }, { items: [`u${i}a`, `u${i}b`], next: i < 10 })),
      call('list_users', { page: 12 }, { items: [], next: false }),
    ],
  ],
  [
    'cursors to the end',
    times(20, i => call('scan', { table: 't', cursor: `c${i * 7}` }, { rows: [i], cursor: `c${(i + 1) * 7}` })),
  ],
  [
    'a book read in forty pages',
    times(40, i => call('read_pdf', { file: 'b.pdf', page: i + 1 }, `text of page ${i + 1}`)),
  ],
  [
    'twenty agents for twenty questions',
    times(20, i => ({ tool: 'spawn_agent', args: { task: `research company ${i}` }, pending: true })),
  ],
  [
    'writer and editor on ten chapters',
    times(20, i =>
      call(
        'delegate',
        { to: i % 2 ? 'editor' : 'writer', task: `chapter ${i >> 1}` },
        `chapter ${i >> 1} ${i % 2 ? 'edited' : 'written'}`,
      ),
    ),
  ],
  [
    'five samples of one prompt, one after the other',
    ['red', 'blue', 'red', 'green', 'red'].map(text => call('sample', { prompt: 'a colour' }, text)),
  ],
];

const LATER_LOOPS: [string, Turn[]][] = [
  [
    'search, read, search, read, the same two',
    times(10, i =>
      i % 2
        ? call('read_file', { path: 'src/app.ts' }, 'export const app = 1;')
        : call('search_code', { query: 'handleLogin' }, ['src/app.ts:1']),
    ),
  ],
  [
    'writer and critic without agreement',
    times(12, i => call(i % 2 ? 'critic' : 'writer', { draft: 1 }, i % 2 ? 'Please revise.' : 'Revised draft ready.')),
  ],
  [
    'manager asks three workers in turn, none can',
    times(15, i =>
      call('assign_task', { agent: pick(['dev', 'qa', 'ops'], i), task: 'fix login' }, 'cannot take this task'),
    ),
  ],
  [
    'a form clicked again and again',
    times(8, () => call('click', { selector: '#submit' }, 'Element not interactable')),
  ],
  [
    'the page is reloaded for ever',
    times(9, i =>
      call(
        'navigate',
        { url: 'https://a.test/login' },
        { title: 'Login', loadTimeMs: 310 + i * 7, timestamp: 1760000000000 + i * 1000 },
      ),
    ),
  ],
  [
    'the same commit refused by a hook',
    times(6, () => fails('git_commit', { message: 'wip' }, 'pre-commit hook failed: eslint')),
  ],
  [
    'install, build, install, build',
    times(10, i =>
      call(
        'bash',
        { command: i % 2 ? 'npm run build' : 'npm install' },
        i % 2 ? `error TS2307 in 4 files (${i}.2s)` : `up to date in ${800 + i * 13}ms`,
      ),
    ),
  ],
  [
    'a query cut and pasted with other white space',
    times(5, i => call('sql', { query: `select  *\n${' '.repeat(i)}from users` }, { rows: [] })),
  ],
  ['empty answers from a model', times(5, () => call('ask_model', { prompt: 'Summarise' }, ''))],
  [
    'a session that expires and is opened again',
    times(12, i =>
      i % 2
        ? fails('get_data', { table: 'x' }, 'session expired')
        : call('login', { user: 'bot' }, { sessionId: `s-${1000 + i * 37}`, ok: true }),
    ),
  ],
  [
    'hashes of a result that never differs',
    times(6, i => call('verify', { artifact: 'a.zip' }, { valid: false, requestId: `${i}c9e-77`, checkedAt: at(i) })),
  ],
  [
    'a cycle of six with two parallel calls in it',
    times(24, i => call(`node_${i % 6}`, { depth: 1 }, { visited: true })),
  ],
  [
    'a tool that does not exist is called with ever other arguments',
    times(6, i => fails('search_internet', { q: `attempt at ${i}` }, 'Unknown tool: search_internet')),
  ],
  [
    'missing permission, guessed paths',
    times(6, i => call('write_file', { path: `/srv/app/${i}.conf`, text: 'x' }, `Error: EACCES: permission denied`)),
  ],
  [
    'a quota that is gone',
    times(6, i =>
      fails('generate_image', { prompt: `a cat number ${i}` }, 'insufficient_quota: you exceeded your current quota', {
        code: 'insufficient_quota',
      }),
    ),
  ],
  [
    'the same search with other filters',
    times(9, i =>
      call(
        'find_flights',
        { from: 'OSL', to: 'XXX', sort: pick(['price', 'time', 'stops'], i), maxResults: 10 * (i + 1) },
        { flights: [] },
      ),
    ),
  ],
  [
    'how to, in nine wordings',
    [
      'reset router password',
      'how to reset router password',
      'router password reset',
      'reset password of router',
      'router reset password guide',
      'how do I reset the router password',
      'reset the password on my router',
      'password reset router',
      'router: reset password',
    ].map(query => call('knowledge_base', { query }, 'Nothing found.')),
  ],
  [
    'an order asked for between small talk',
    times(15, i =>
      pick(
        [
          call('get_order_status', { order: 7 }, 'not found'),
          call('say', { text: `one moment ${i}` }, 'said'),
          call('think', { text: `hm ${i}` }, 'ok'),
        ],
        i,
      ),
    ),
  ],
  [
    'the same file read between other reads',
    times(16, i =>
      pick(
        [call('read_file', { path: 'README.md' }, '# Readme'), call('read_file', { path: `docs/${i}.md` }, `doc ${i}`)],
        i,
      ),
    ),
  ],
  [
    'rows one hundred at a time for ever',
    times(100, i =>
      call('query', { sql: 'select * from events', offset: i * 100, limit: 100 }, `rows ${i * 100}-${i * 100 + 99}`),
    ),
  ],
  [
    'a retry in a new sandbox each time',
    times(6, i =>
      call(
        'exec',
        { code: 'print(1/0)', sandbox: 'py' },
        `ZeroDivisionError at /tmp/sbx_${i}f8k2/main.py pid ${900 + i}`,
      ),
    ),
  ],
  ['seventy researchers', times(70, i => ({ tool: 'create_agent', args: { role: `researcher ${i}` }, pending: true }))],
  [
    'mail to oneself',
    times(5, () => call('send_email', { to: 'me@x.test', subject: 'Reminder' }, { sent: true, messageId: undefined })),
  ],
  [
    'a wait for a human who never comes',
    times(40, i =>
      call('check_approval', { request: 12 }, { status: 'pending', waitedSeconds: i * 30, checked_at: at(i) }),
    ),
  ],
  ['the plan is made anew each turn', times(8, () => call('make_plan', { goal: 'win' }, ['a', 'b', 'c']))],
  [
    'double calls in one turn, again and again',
    times(8, i => call('get_user', { id: 7 }, i % 2 ? undefined : { name: 'x' })),
  ],
];

const LATER_HONEST: [string, Turn[]][] = [
  ['progress in a bar', times(12, i => call('get_progress', { id: 1 }, `[${'#'.repeat(i)}${'.'.repeat(12 - i)}]`))],
  [
    'bytes counted up',
    times(12, i =>
      call('download_status', { id: 1 }, { state: 'downloading', bytes: 1048576 * i, elapsedMs: 500 * i }),
    ),
  ],
  [
    'a build watched through a log offset',
    times(12, i => call('build_log', { build: 9, offset: i * 40 }, i < 11 ? `step ${i}` : 'done')),
  ],
  ['an address book walked through', times(20, i => call('get_contact', { index: i }, { name: PEOPLE[i % 8] }))],
  ['images resized', times(25, i => call('resize', { file: `img_${i}.png`, width: 800 }, { ok: true }))],
  ['users invited', PEOPLE.map(name => call('invite_user', { name }, 'Invitation sent'))],
  [
    'three endpoints checked in turn, all healthy, then the report',
    [...times(3, i => call('health', { service: pick(['api', 'db', 'web'], i) }, 'ok')), call('report', {}, 'sent')],
  ],
  [
    'access asked for every pair',
    times(9, i => call('can_access', { user: `u${i % 3}`, resource: `r${Math.floor(i / 3)}`, action: 'read' }, false)),
  ],
  [
    'an exchange rate for many pairs that nobody quotes',
    times(12, i =>
      call(
        'rate',
        { from: pick(['USD', 'EUR', 'GBP', 'JPY'], i), to: pick(['AAA', 'BBB', 'CCC'], Math.floor(i / 4)) },
        'n/a',
      ),
    ),
  ],
  [
    'three attempts at a locked file',
    [
      ...times(3, () => fails('open', { file: 'x' }, 'EBUSY: resource busy or locked', { code: 'EBUSY' })),
      call('open', { file: 'x' }, 'opened'),
    ],
  ],
  [
    'gateway hiccups with a status code',
    [
      ...times(4, () => fails('get_page', { url: 'u' }, 'Bad gateway', { statusCode: 502 })),
      call('get_page', { url: 'u' }, '<html>'),
    ],
  ],
  [
    'a model that is rate limited between tools',
    times(16, i =>
      pick(
        [
          fails('chat', { turn: i >> 2 }, '429 Too Many Requests', { status: 429 }),
          fails('chat', { turn: i >> 2 }, '429 Too Many Requests', { status: 429 }),
          call('chat', { turn: i >> 2 }, `answer ${i}`),
          call('tool', { n: i }, `r${i}`),
        ],
        i,
      ),
    ),
  ],
  [
    'read, edit, read, edit of one file',
    times(12, i =>
      i % 2
        ? call('str_replace', { path: 'a.py', old: `l${i}`, new: `m${i}` }, 'The file has been edited.')
        : call('view', { path: 'a.py' }, `body after ${i} edits`),
    ),
  ],
  [
    'format, test, commit for five features',
    times(20, i =>
      pick(
        [
          call('edit', { feature: i >> 2 }, 'ok'),
          call('format', { all: true }, 'formatted'),
          call('test', { all: true }, 'passed'),
          call('git_commit', { message: `feature ${i >> 2}` }, `[main ${i}f${i}a] feature`),
        ],
        i,
      ),
    ),
  ],
  [
    'the same failing test while five different things are tried',
    times(15, i =>
      pick(
        [
          call('edit_file', { path: `src/m${i}.ts`, text: `try ${i}` }, 'ok'),
          call('bash', { command: 'cargo build' }, `Compiling app (attempt) ${i}`),
          call('bash', { command: 'cargo test' }, 'test result: FAILED. 1 failed'),
        ],
        i,
      ),
    ),
  ],
  [
    'pwd now and again',
    times(15, i =>
      i % 3 ? call('bash', { command: `cat part${i}.txt` }, `part ${i}`) : call('bash', { command: 'pwd' }, '/home/me'),
    ),
  ],
  [
    'listings of a tree, most of them empty',
    times(12, i => call('list_dir', { path: `src/pkg${i}` }, i % 4 ? '' : `f${i}.ts`)),
  ],
  [
    'a user who says go on',
    times(9, i => (i % 2 ? { human: true } : call('continue_story', { prompt: 'go on' }, `chapter ${i}`))),
  ],
  [
    'a user who asks for the same picture',
    times(7, i => (i % 2 ? { human: true } : call('draw', { what: 'a cat' }, 'cat.png'))),
  ],
  [
    'three listings that each end',
    times(24, i =>
      call(
        'list_files',
        { folder: pick(['a', 'b', 'c'], Math.floor(i / 8)), page: i % 8 },
        i % 8 === 7 ? [] : [`f${i}`],
      ),
    ),
  ],
  [
    'a stock price that stands still a little',
    [9, 10, 10, 11, 12, 12, 12, 12, 11].map((price, i) => call('get_price', { symbol: 'X' }, { price, time: at(i) })),
  ],
  [
    'an inbox looked at twice, answered, looked at twice',
    times(12, i =>
      pick(
        [
          call('list_messages', {}, i < 6 ? ['hello'] : []),
          call('reply', { n: i }, 'sent'),
          call('list_messages', {}, i < 6 ? ['hello'] : []),
        ],
        i,
      ),
    ),
  ],
  ['cells of a notebook run one by one', times(14, i => call('run_cell', { index: i }, ''))],
  ['commands that say nothing', times(14, i => call('bash', { command: `mkdir -p out/d${i}` }, ''))],
  [
    'keys pressed in a game, the board read between',
    times(20, i =>
      i % 2 ? call('board', {}, `score ${i * 4}`) : call('move', { dir: pick(['up', 'left'], i >> 1) }, 'ok'),
    ),
  ],
  [
    'five workers told the same',
    times(5, i => ({ tool: 'broadcast', args: { to: `w${i}`, text: 'stand by' }, pending: true })),
  ],
  [
    'translations of one text',
    ['de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'sv', 'da', 'fi'].map(lang =>
      call('publish', { page: 'home', lang }, 'published'),
    ),
  ],
  [
    'a thermostat read each minute',
    times(10, i => call('read_sensor', { id: 't1' }, { celsius: 20 + (i % 3), at: at(i) })),
  ],
  [
    'the next test case until none is left',
    times(10, i => call('next_case', {}, i < 9 ? { case: `c${i}` } : { case: null })),
  ],
  [
    'status of a job in seconds run',
    times(8, i => call('job', { id: 3 }, `running, ${i + 1} of 8 shards finished after ${i * 4} s`)),
  ],
  [
    'retries that the tool itself counts, with growing success',
    times(8, i => call('sync', { all: true }, `${i * 10} synced, retry 1`)),
  ],
];

const LAST_LOOPS: [string, Turn[]][] = [
  [
    'poll with a fresh request id and nothing else',
    times(12, i => call('check_status', { jobId: 'j1' }, { status: 'error', requestId: `r-${i}` })),
  ],
  [
    'planner, executor, verifier, planner',
    times(12, i =>
      pick(
        [
          call('planner', { goal: 'x' }, 'plan A'),
          call('executor', { plan: 'A' }, 'failed'),
          call('verifier', { plan: 'A' }, 'not ok'),
        ],
        i,
      ),
    ),
  ],
  [
    'two agents that wait for each other',
    times(10, i =>
      call(i % 2 ? 'agent_b' : 'agent_a', { message: i % 2 ? 'waiting for a' : 'waiting for b' }, 'waiting'),
    ),
  ],
  [
    'grep with ever other flags',
    times(8, i =>
      call(
        'bash',
        {
          command: `grep ${['-r', '-rn', '-rni', '-rl', '-E -r', '-r --include=*.ts', '-rw', '-rc'][i]} "initApp" src`,
        },
        '',
      ),
    ),
  ],
  [
    'a browser that clicks the same button',
    times(6, () => call('browser_click', { element: 'Login', ref: 's1e22' }, 'Clicked')),
  ],
  [
    'read the same file again and again',
    times(5, () => call('Read', { file_path: '/app/main.py' }, 'def main(): pass')),
  ],
  [
    'the same failing edit',
    times(5, () =>
      call('Edit', { file_path: 'a.ts', old_string: 'foo', new_string: 'bar' }, 'String to replace not found in file.'),
    ),
  ],
  [
    'todo list written again and again',
    times(5, () =>
      call('TodoWrite', { todos: [{ content: 'fix', status: 'pending' }] }, 'Todos have been modified successfully'),
    ),
  ],
  [
    'failing edits with other strings',
    times(8, i => fails('Edit', { file_path: 'a.ts', old_string: `foo${i}` }, 'String to replace not found in file.')),
  ],
  [
    'tests run over and over without a change',
    times(6, i => call('Bash', { command: 'npm test' }, `Tests: 2 failed, 8 passed\nTime: ${i + 3}.${i} s`)),
  ],
  [
    'test, read, test, read',
    times(12, i =>
      i % 2
        ? call('Read', { file_path: 'test.log' }, 'AssertionError: 1 != 2')
        : call('Bash', { command: 'pytest' }, `1 failed in 0.${10 + i}s`),
    ),
  ],
  [
    'unauthorised, with other tools between',
    times(15, i =>
      pick(
        [
          fails('github_search', { q: `q${i}` }, 'Bad credentials', { status: 401 }),
          call('think', { t: `t${i}` }, 'ok'),
          call('list_files', { dir: `d${i}` }, `f${i}`),
        ],
        i,
      ),
    ),
  ],
  [
    'a transaction that conflicts for ever',
    times(6, i => call('commit_tx', { tx: 't' }, { committed: false, txid: `tx_${i}a9f3e`, ts: 1760000000 + i })),
  ],
  [
    'handoffs in a triangle',
    times(12, i => call(`transfer_to_${pick(['sales', 'support', 'billing'], i)}`, {}, 'transferred')),
  ],
  [
    'handoffs in a pair with other reasons',
    times(20, i =>
      call(
        `transfer_to_${pick(['sales', 'support'], i)}`,
        { reason: 'customer needs help' },
        { assistant: pick(['sales', 'support'], i) },
      ),
    ),
  ],
  [
    'sixty equal spawns side by side',
    times(60, () => ({ tool: 'spawn_subagent', args: { task: 'research' }, pending: true })),
  ],
  [
    'an api asked for a page that it does not have',
    times(20, i => call('get_page', { page: 50 + i }, { error: 'page out of range' })),
  ],
  [
    'a database asked by wrong names',
    times(8, i => call('run_sql', { sql: `select * from user${i}` }, `ERROR: permission denied for table`)),
  ],
  [
    'answers cut short, asked again',
    times(5, () =>
      call(
        'llm',
        { messages: [{ role: 'user', content: 'go' }] },
        { text: '...', finish: 'length', id: `chatcmpl-${'x9a8b7c6'}` },
      ),
    ),
  ],
  [
    'known calls with volatile results',
    times(24, i => call(`probe_${i % 4}`, { deep: true }, `probe at ${at(i)} took ${i}ms: down`)),
  ],
  [
    'the same list with an ever larger limit',
    times(12, i => call('list_users', { limit: 10 * (i + 1) }, { users: [] })),
  ],
  [
    'a search asked in two languages of the same words',
    times(10, i => call('search', { q: i % 2 ? 'invoice march acme' : 'acme invoice march' }, 'No matches')),
  ],
];

const LAST_HONEST: [string, Turn[]][] = [
  [
    'a ticket watched until it is closed',
    ['open', 'open', 'in progress', 'in progress', 'in progress', 'review', 'closed'].map((status, i) =>
      call('get_ticket', { id: 1 }, { status, updated_at: at(i), comments: i }),
    ),
  ],
  [
    'files read one by one with the same licence',
    times(12, i => call('Read', { file_path: `/app/f${i}.ts` }, '// Copyright')),
  ],
  [
    'files written one by one',
    times(12, i => call('Write', { file_path: `/app/f${i}.ts`, content: 'x' }, 'File created successfully')),
  ],
  [
    'edits in one file, each another place',
    times(12, i =>
      call(
        'Edit',
        { file_path: 'a.ts', old_string: `foo${i}`, new_string: `bar${i}` },
        'The file a.ts has been updated.',
      ),
    ),
  ],
  [
    'todos ticked off',
    times(6, i =>
      call(
        'TodoWrite',
        {
          todos: [
            { content: 'a', status: i > 2 ? 'completed' : 'pending' },
            { content: 'b', step: i },
          ],
        },
        'Todos have been modified successfully',
      ),
    ),
  ],
  [
    'emails to a list with one text',
    times(15, i =>
      call('send_email', { to: `user${i}@x.test`, subject: 'News', body: 'Hello, our news.' }, { sent: true }),
    ),
  ],
  [
    'grep for ten different names without a match',
    [
      'initApp',
      'AppRoot',
      'mainLoop',
      'bootstrap',
      'createServer',
      'useStore',
      'rootSaga',
      'renderApp',
      'setupEnv',
      'loadConfig',
    ].map(name => call('Grep', { pattern: name, path: 'src' }, 'No files found')),
  ],
  [
    'prices of ten products that are not for sale',
    ['lamp', 'chair', 'table', 'sofa', 'desk', 'shelf', 'bed', 'mirror', 'carpet', 'clock'].map(item =>
      call('price_of', { query: `price of oak ${item}` }, 'not for sale'),
    ),
  ],
  [
    'test, edit, test, edit with numbers that move',
    times(12, i =>
      i % 2
        ? call('Edit', { file_path: 'a.ts', old_string: `x${i}` }, 'updated')
        : call('Bash', { command: 'npm test' }, `Tests: ${6 - i / 2} failed`),
    ),
  ],
  [
    'red tests through six edits, with reads between',
    times(18, i =>
      pick(
        [
          call('Read', { file_path: `m${i}.ts` }, `code ${i}`),
          call('Edit', { file_path: `m${i}.ts`, old_string: 'a' }, 'updated'),
          call('Bash', { command: 'npm test' }, 'Tests: 1 failed'),
        ],
        i,
      ),
    ),
  ],
  [
    'a rate limit that lifts after six tries',
    [
      ...times(6, () =>
        fails('openai', { n: 1 }, 'Rate limit reached for gpt-4.1 in organization', {
          status: 429,
          code: 'rate_limit_exceeded',
        }),
      ),
      call('openai', { n: 1 }, 'ok'),
    ],
  ],
  [
    'connection refused while a server starts',
    [
      ...times(5, () =>
        fails('http', { url: '/health' }, 'connect ECONNREFUSED 127.0.0.1:3000', { code: 'ECONNREFUSED' }),
      ),
      call('http', { url: '/health' }, 'ok'),
    ],
  ],
  ['a training run watched', times(15, i => call('train_status', { run: 1 }, `epoch ${i}/20 loss 0.${90 - i}`))],
  [
    'a queue polled that is often empty',
    times(14, i => call('receive_message', { queue: 'q' }, i % 3 === 2 ? { body: `m${i}` } : null)),
  ],
  [
    'a chat asked by a person who repeats himself',
    times(9, i => (i % 2 ? { human: true } : call('rag_search', { q: 'opening hours' }, '9 to 5'))),
  ],
  ['two loops over two lists', times(24, i => call(i < 12 ? 'archive' : 'notify', { id: i % 12 }, 'ok'))],
  [
    'ping and pong of a game with moves',
    times(20, i => call(i % 2 ? 'black' : 'white', { move: `${'abcdefgh'[i % 8]}${1 + (i % 7)}` }, 'moved')),
  ],
  [
    'weather of the same city on ten days',
    times(10, i => call('weather', { city: 'Oslo', date: `2026-05-${10 + i}` }, 'rain')),
  ],
  [
    'screens while waiting for a page',
    times(9, i => (i % 2 ? call('wait', { ms: 500 }, 'ok') : call('screenshot', {}, i < 6 ? 'loading' : 'loaded'))),
  ],
  [
    'the same migration in ten databases',
    times(10, i => call('migrate', { db: `tenant_${i}`, version: 7 }, 'migrated')),
  ],
  [
    'listing before and after',
    times(9, i =>
      pick(
        [
          call('ls', { path: 'out' }, i < 3 ? '' : `f${i}`),
          call('build', { target: `t${i}` }, 'built'),
          call('ls', { path: 'out' }, `f${i}`),
        ],
        i,
      ),
    ),
  ],
  ['a random sample until it fits', [4, 9, 2, 7, 7, 1].map(n => call('random_int', { max: 10 }, n))],
  [
    'a calendar walked day by day until free',
    times(20, i => call('is_free', { day: `2026-06-${String(i + 1).padStart(2, '0')}` }, i < 19 ? false : true)),
  ],
  ['equal sums of different numbers', times(10, i => call('add', { a: i, b: 10 - i }, 10))],
];

/**
 * All of them, in the three rounds in which they were written; the detector was mended after each. Precision and recall
 * before it was: 0.54 and 0.50, then 0.77 and 0.92, then 0.91 and 0.91. One was taken out: it held that a third equal call
 * after two equal results is honest, which nobody can know beforehand.
 */
export const HELD_OUT: HeldOut[] = [
  ...[...LOOPS, ...LATER_LOOPS, ...LAST_LOOPS].map(([name, turns]) => ({ name, loop: true, turns })),
  ...[...HONEST, ...LATER_HONEST, ...LAST_HONEST].map(([name, turns]) => ({ name, loop: false, turns })),
];
