// Labelled call sequences: what agents really do in circles, and what only looks like it. Written after public incident
// reports and documented behaviour of other tools, in our own words. `expect` is the rung that stops it, or `quiet`.

import type { Rung } from '../../runtime/src/detector.ts';

/** One call with its outcome, or a human's turn. */
export type Turn =
  | { tool: string; args?: unknown; result?: unknown; error?: unknown; pending?: boolean }
  | { human: true };

/** A sequence and what is to be made of it. */
export type Labelled = { name: string; loop: boolean; expect: Rung | 'quiet'; turns: Turn[] };

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const cycle = (count: number, turns: Turn[]): Turn[] => times(count, index => turns[index % turns.length]!);
const call = (tool: string, args: unknown = {}, result: unknown = 'same'): Turn => ({ tool, args, result });
const failure = (message: string, extra: object = {}): Error => Object.assign(new Error(message), extra);
const loop = (name: string, expect: Rung, turns: Turn[]): Labelled => ({ name, loop: true, expect, turns });
const missed = (name: string, turns: Turn[]): Labelled => ({ name, loop: true, expect: 'quiet', turns });
const honest = (name: string, turns: Turn[]): Labelled => ({ name, loop: false, expect: 'quiet', turns });

export const SEQUENCES: Labelled[] = [
  // Loops.
  loop(
    'the same search for ever',
    'cycle',
    times(6, () => call('search', { q: 'loop' })),
  ),
  loop(
    'the same call without any result',
    'cycle',
    times(5, () => call('notify', { to: 'x' }, undefined)),
  ),
  loop('the same call with its keys in another order', 'cycle', [
    call('edit', { path: 'a', text: 'b' }),
    call('edit', { text: 'b', path: 'a' }),
    call('edit', { path: 'a', text: 'b' }),
  ]),
  loop(
    'the same call with fresh request ids',
    'cycle',
    times(4, index => call('get', { id: 7, requestId: `r${index}` })),
  ),
  loop(
    'ping-pong of two agents',
    'cycle',
    cycle(10, [call('ask_writer', { t: 1 }, 'needs review'), call('ask_critic', { t: 1 }, 'needs rewrite')]),
  ),
  loop(
    'a circle of three delegations',
    'cycle',
    cycle(
      12,
      ['a', 'b', 'c'].map(to => call('delegate', { to })),
    ),
  ),
  loop(
    'read, plan, search, plan',
    'cycle',
    cycle(16, [call('read', { f: 1 }), call('plan', { s: 1 }), call('search', { q: 1 }), call('plan', { s: 2 })]),
  ),
  ...[5, 6, 7, 8].map(period =>
    loop(
      `a cycle of ${period} calls`,
      'cycle',
      cycle(
        period * 4,
        times(period, index => call(`step${index}`, { index })),
      ),
    ),
  ),
  loop('a cycle that starts after honest work', 'cycle', [
    ...times(20, index => call('read', { file: index }, `text ${index}`)),
    ...cycle(9, [call('test', {}, 'red'), call('fix', { n: 1 }, 'done')]),
  ]),
  loop(
    'a cycle that starts in the middle',
    'cycle',
    cycle(14, [call('b', { x: 2 }), call('c', { x: 3 }), call('a', { x: 1 })]).slice(1),
  ),
  loop(
    'a poll that never changes',
    'cycle',
    times(12, () => call('job_status', { job: 4 }, { state: 'queued' })),
  ),
  loop(
    'a poll of which only the clock changes',
    'cycle',
    times(8, index => call('job_status', { job: 4 }, `queued, checked 2026-03-01T10:00:${10 + index}Z`)),
  ),
  loop(
    'a result with a new receipt each time',
    'cycle',
    times(6, index => call('send', { to: 'a' }, `rejected, receipt no: RC${1000 + index}`)),
  ),
  loop(
    'a result with a new uuid each time',
    'cycle',
    times(6, index => call('start', {}, `failed, id 3f2504e0-4f89-11d3-9a0c-0305e82c33${10 + index}`)),
  ),
  loop(
    'a failing build of which only the duration changes',
    'cycle',
    times(6, index => call('build', {}, `1 error in ${index + 2}.3s`)),
  ),
  loop(
    'a temporary folder with a new name each time',
    'cycle',
    times(6, index => call('run', { cmd: 'make' }, `cannot write /tmp/build-${index}x/out`)),
  ),
  loop(
    'a process id that changes each time',
    'cycle',
    times(6, index => call('serve', {}, `port in use, pid ${400 + index}`)),
  ),
  loop(
    'three parallel duplicates in one turn',
    'cycle',
    times(3, () => ({ tool: 'fetch', args: { url: 'a' }, pending: true })),
  ),
  loop('five parallel duplicates after honest work', 'cycle', [
    call('plan', {}, 'p'),
    ...times(5, () => ({ tool: 'spawn_agent', args: { task: 't' }, pending: true })),
  ]),
  loop(
    'the same error for the same call',
    'cycle',
    times(5, () => ({ tool: 'query', args: { sql: 'x' }, error: failure('no such table: users') })),
  ),
  loop('a JSON argument formatted anew each time', 'cycle', [
    call('t', '{"a":1,"b":2}'),
    call('t', '{ "b": 2, "a": 1 }'),
    call('t', '{"a": 1,"b": 2}'),
  ]),
  loop(
    'the same command, trimmed or not',
    'cycle',
    ['ls -la', 'ls  -la', ' ls -la '].map(cmd => call('bash', { cmd }, 'a b')),
  ),
  loop(
    'one call between the repeats, a different one each time',
    'interleaved',
    times(10, index =>
      index % 2 === 0 ? call('search', { q: 'price' }, 'nothing') : call('note', { n: index }, `noted ${index}`),
    ),
  ),
  loop(
    'two different calls between the repeats',
    'interleaved',
    times(14, index =>
      index % 3 === 0 ? call('read', { f: 'cfg' }, 'text') : call('think', { n: index }, `t${index}`),
    ),
  ),
  loop('repeats blinded by one call', 'interleaved', [
    call('s', { q: 1 }),
    call('s', { q: 1 }),
    call('note', { n: 1 }, 'n'),
    call('s', { q: 1 }),
    call('s', { q: 1 }),
    call('s', { q: 1 }),
  ]),
  loop(
    'a ping-pong with remarks between',
    'interleaved',
    times(
      24,
      index =>
        [
          call('ask_a', { t: 1 }, 'b knows'),
          call('say', { n: index }, `s${index}`),
          call('ask_b', { t: 1 }, 'a knows'),
          call('say', { m: index }, `u${index}`),
        ][index % 4]!,
    ),
  ),
  loop(
    '401 whatever the query',
    'sameError',
    times(6, index => ({
      tool: 'search',
      args: { q: `try ${index}` },
      error: failure('Unauthorized', { status: 401 }),
    })),
  ),
  loop(
    '404 whatever the id',
    'sameError',
    times(6, index => ({ tool: 'get_user', args: { id: index }, error: failure('Not found', { status: 404 }) })),
  ),
  loop(
    'permission denied at every path',
    'sameError',
    times(6, index => ({
      tool: 'write',
      args: { path: `/etc/${index}` },
      error: failure('EACCES: permission denied', { code: 'EACCES' }),
    })),
  ),
  loop(
    'invalid arguments, guessed anew',
    'sameError',
    times(6, index => ({ tool: 'create', args: { kind: `k${index}` }, error: failure('invalid kind') })),
  ),
  loop(
    'same error with a new request id in its text',
    'sameError',
    times(6, index => ({ tool: 'pay', args: { n: index }, error: failure(`declined (request id: rq${index}77)`) })),
  ),
  loop(
    'same error with other tools between',
    'sameError',
    times(14, index =>
      index % 2
        ? call('log', { index }, `l${index}`)
        : { tool: 'db', args: { q: index }, error: failure('connection string missing') },
    ),
  ),
  loop(
    'a provider that answers 503 for ever',
    'cycle',
    times(30, () => ({ tool: 'chat', args: { m: 1 }, error: failure('overloaded', { status: 503 }) })),
  ),
  loop(
    'known calls in random order',
    'interleaved',
    [0, 1, 2, 1, 0, 2, 2, 0, 1, 0, 2, 1, 1, 0, 2].map(n => call(`look${n}`, { n }, `view ${n}`)),
  ),
  loop(
    'many known calls in random order',
    'stagnation',
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 7, 1, 9, 11, 5, 0, 8, 2, 10, 6, 4, 5, 1, 9, 3, 0, 7, 11, 2].map(n =>
      call(`look${n}`, { n }, `view ${n}`),
    ),
  ),
  loop(
    'the same question in other words',
    'reworded',
    times(10, index =>
      call(
        'search',
        {
          q: `best cheap laptop for students ${['2024', 'this year', 'now', 'online', 'review', 'today', 'tips', 'guide', 'list', 'top'][index]}`,
        },
        'no results',
      ),
    ),
  ),
  loop(
    'the same request to a colleague, reworded',
    'reworded',
    times(10, index =>
      call(
        'ask',
        {
          text: `please give me the final report about sales ${['now', 'soon', 'today', 'again', 'quickly', 'please', 'urgently', 'finally', 'kindly', 'asap'][index]}`,
        },
        'I cannot do that.',
      ),
    ),
  ),
  loop(
    'paging without end',
    'sweep',
    times(160, index => call('read', { path: 'log', offset: index * 200 }, `lines from ${index * 200}`)),
  ),
  loop(
    'page after page of an empty listing',
    'sweep',
    times(130, index => call('list', { page: index + 1 }, `[] page ${index}`)),
  ),
  loop(
    'an agent that starts agents for ever',
    'spawn',
    times(140, index => call('spawn_agent', { task: `task ${index}` }, `started ${index}`)),
  ),
  loop(
    'delegation for ever, to ever new tasks',
    'spawn',
    times(140, index => call('delegate', { to: `w${index % 7}`, task: `t${index}` }, `ok ${index}`)),
  ),
  missed(
    'a slow cycle of nine calls, each with a result that is new in one word',
    cycle(
      27,
      times(9, index => call(`step${index}`, { index }, `r${index}`)),
    ).map((turn, index) => ('tool' in turn ? { ...turn, result: `${String(turn.result)} word${index}` } : turn)),
  ),

  // Honest runs.
  honest(
    'two identical calls',
    times(2, () => call('search', { q: 'x' })),
  ),
  honest(
    'a batch over many files',
    times(40, index => call('move', { from: `a${index}`, to: `b${index}` }, 'moved')),
  ),
  honest(
    'a batch in which every answer is ok',
    times(25, index => call('delete', { path: `f${index}` }, 'ok')),
  ),
  honest(
    'a search in many files without a match',
    times(20, index => call('grep', { pattern: 'loop', path: `src/f${index}.ts` }, 'no matches')),
  ),
  honest(
    'a poll that makes progress',
    times(20, index => call('job_status', { job: 4 }, { state: 'running', percent: index * 5 })),
  ),
  honest(
    'a build log that grows',
    times(12, index => call('tail', { file: 'log' }, times(index + 1, line => `line ${line}`).join('\n'))),
  ),
  honest(
    'a poll, a sleep, a poll',
    times(20, index =>
      index % 2 ? call('sleep', { s: 5 }, undefined) : call('poll', { id: 1 }, `${index} of 30 done`),
    ),
  ),
  honest(
    'a terminal read again and again',
    times(15, index => call('read_terminal', {}, `$ line ${index}`)),
  ),
  honest(
    'a queue worked off',
    times(20, index => call('next_job', {}, { id: index, text: `job ${index}` })),
  ),
  honest('three attempts at a provider that is overloaded, then success', [
    ...times(3, () => ({ tool: 'chat', args: { m: 1 }, error: failure('overloaded', { status: 529 }) })),
    call('chat', { m: 1 }, 'hello'),
  ]),
  honest(
    'a rate limit, honoured',
    times(8, index =>
      index % 4 < 3
        ? { tool: 'chat', args: { m: index >> 2 }, error: failure('slow down', { status: 429 }) }
        : call('chat', { m: index >> 2 }, `answer ${index}`),
    ),
  ),
  honest('a connection that is reset twice', [
    ...times(2, () => ({ tool: 'get', args: {}, error: failure('reset', { code: 'ECONNRESET' }) })),
    call('get', {}, 'body'),
  ]),
  honest(
    'a human who asks the same thing three times',
    times(5, index => (index % 2 ? { human: true } : call('answer', { q: 'time?' }, 'noon'))),
  ),
  honest('two repeats, then another way', [call('a'), call('a'), call('b'), call('c'), call('d')]),
  honest(
    'edit and test until green',
    times(12, index =>
      index % 2 ? call('test', {}, `${12 - index} failing`) : call('edit', { n: index }, `edited ${index}`),
    ),
  ),
  honest(
    'read a long file in pages',
    times(40, index => call('read', { path: 'book', offset: index * 100 }, `page ${index}`)),
  ),
  honest(
    'ids one after the other',
    times(150, index => call('get_user', { id: index }, { name: `user ${index}` })),
  ),
  honest(
    'paging through two listings',
    times(90, index => call('list', { path: index < 45 ? 'a' : 'b', page: index % 45 }, `entries ${index}`)),
  ),
  honest(
    'five parallel searches for different things',
    times(5, index => ({ tool: 'search', args: { q: `q${index}` }, pending: true })),
  ),
  honest(
    'translation of many sentences',
    times(15, index => call('translate', { text: `This is sentence number ${index} of the book` }, `Satz ${index}`)),
  ),
  honest(
    'classification with few answers',
    times(15, index =>
      call(
        'classify',
        {
          text:
            [
              'the food was great here',
              'my parcel never came today',
              'a lovely sunny afternoon walk',
              'trains were late and full',
              'quick reply from support team',
            ][index % 5]! +
            ' '.repeat(0) +
            index,
        },
        'positive',
      ),
    ),
  ),
  honest(
    'links checked, most of them dead',
    times(3, index => ({ tool: 'check', args: { url: `u${index}` }, error: failure('Not found', { status: 404 }) })),
  ),
  honest(
    'an error that is different each time',
    times(8, index => ({ tool: 'compile', args: { n: index }, error: failure(`missing symbol number ${index}`) })),
  ),
  honest(
    'failures with successes between',
    times(12, index =>
      index % 3 === 2
        ? call('fetch', { u: index }, `body ${index}`)
        : { tool: 'fetch', args: { u: index }, error: failure('Not found', { status: 404 }) },
    ),
  ),
  honest(
    'a counter that is read again',
    times(10, index => call('counter', {}, index)),
  ),
  honest(
    'a heartbeat with changing load',
    times(10, index => call('health', {}, { load: index * 3 })),
  ),
  honest(
    'git status while files change',
    times(12, index =>
      index % 2 ? call('git_status', {}, `${index} files changed`) : call('write', { f: index }, 'written'),
    ),
  ),
  honest(
    'a conversation with one tool and many questions',
    times(12, index => call('ask_docs', { q: `what is topic number ${index}` }, `topic ${index} is about ${index}`)),
  ),
  honest(
    'a plan worked through by two agents',
    times(16, index =>
      call(
        index % 2 ? 'review' : 'write',
        { chapter: index >> 1 },
        `chapter ${index >> 1} ${index % 2 ? 'fine' : 'text'}`,
      ),
    ),
  ),
  honest(
    'ten agents for ten tasks',
    times(10, index => call('spawn_agent', { task: `t${index}` }, `report ${index}`)),
  ),
  honest('the same listing before each of two tasks', [
    call('ls', {}, 'a b'),
    call('read', { f: 'a' }, 'A'),
    call('ls', {}, 'a b'),
    call('read', { f: 'b' }, 'B'),
    call('done', {}, 'ok'),
  ]),
  honest(
    'a poll and a sleep that says that it slept',
    times(20, index => (index % 2 ? call('sleep', { s: 5 }, 'slept') : call('poll', { id: 1 }, `${index} of 30 done`))),
  ),
  honest(
    'the same lint after each of many edits, while the tests move',
    times(
      18,
      index =>
        [call('edit', { n: index }, `e${index}`), call('lint', {}, 'clean'), call('test', {}, `${18 - index} failing`)][
          index % 3
        ]!,
    ),
  ),
  honest(
    'the same letter to many people',
    times(12, index =>
      call(
        'send',
        {
          text: `Dear ${['Ann', 'Bob', 'Cem', 'Dee', 'Eva', 'Finn', 'Gus', 'Hal', 'Ida', 'Jon', 'Kim', 'Leo'][index]}, your invoice for this month is ready now`,
        },
        'sent',
      ),
    ),
  ),
  honest(
    'many people looked up in vain',
    times(12, index =>
      call(
        'search',
        {
          q: `phone number of ${['Ann Smith', 'Bob Jones', 'Cem Kaya', 'Dee Park', 'Eva Braun', 'Finn Ross', 'Gus Lane', 'Hal Dunn', 'Ida Berg', 'Jon West', 'Kim Chan', 'Leo Katz'][index]}`,
        },
        'no results',
      ),
    ),
  ),
  honest(
    'numbered chapters that are all not there yet',
    times(12, index => call('ask', { text: `is the draft of chapter ${index} in the book ready` }, 'not yet')),
  ),
];
