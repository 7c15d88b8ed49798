// Whether several calls of a tool ask for one and the same thing, worded or tuned anew each time. A batch names another
// target in each call; a rewording only adds, drops and moves words. Only looked at when the results are the same.

import { leavesOf, type Signature } from './signature.ts';
import { plainKey } from './volatile.ts';

/** Arguments that tune a request without naming what it is about; compared in lower case, without `_` and `-`. */
const KNOBS =
  /^(?:limit|max.*|topk|pagesize|perpage|timeout.*|sort.*|order.*|verbose|depth|temperature|retries|radius|fuzzy|exact|strict|recursive|ignorecase|casesensitive|debug|delay|interval)$/;

/** Arguments that count up when a listing is read on: as numbers, ranges or marks of a place. */
const PAGING =
  /^(?:page|pageno|pagenumber|pageindex|offset|start|skip|from|line|index|position|pos|begin|chunk|part|startline|linestart|end|to|endline|lineend|range|lines|limit|count|max|depth|size)$/;
/** Those of them that name no target of their own. */
const PAGE = /^(?:page|pageno|pagenumber|pageindex|offset|skip|startline|linestart|endline|lineend|range|lines)$/;
const PLACE = /^(?:cursor|(?:next)?(?:page)?token|after|marker)$/;

const isPaging = (key: string, value: unknown, keys = PAGING): boolean =>
  keys.test(key) ? typeof value === 'number' || /^\s*\d+\s*(?:[-:,]\s*\d+\s*)?$/.test(String(value)) : PLACE.test(key);

/** The same within urls and commands. */
const PAGED =
  /([?&](?:page|p|offset|start|from|skip|cursor|after)=)[^&]*|(\bsed .*?)\d+,\d+p|(\b(?:head|tail) .*?)\+?\d+/g;

/** Options of a command line: knobs as well. */
const OPTIONS = /\s--?[a-z][\w-]*(?:=\S*)?/gi;

/** Words that ask, plead or decorate; what is left says what is asked for. */
const FILLERS = new Set(
  (
    'a i of in on to is it me my do or an be by at as we us so if no up the and for you your with what which where when how why who are was were can could would should will does did from about this that these those have has had not any all some more most into over ' +
    'please now today soon again quickly urgently finally kindly asap current currently latest recent new best top good list guide tips review reviews online free example examples tutorial year tell give need want find search show get know help info information details still really just maybe'
  ).split(' '),
);

const stem = (word: string): string => (word.length > 4 ? word.replace(/(?:ies|y|es|s|ing|ed|er|est|ly)$/, '') : word);

/** What a call is about, without knobs and fillers. */
const contentOf = (signature: Signature): ReadonlySet<string> => {
  const content = new Set<string>();
  for (const [key, value] of leavesOf(signature)) {
    const plain = plainKey(key);
    if (KNOBS.test(plain) || isPaging(plain, value, PAGE)) continue;
    if (typeof value === 'number' || typeof value === 'bigint') content.add(String(value));
    if (typeof value !== 'string') continue;
    // A path, an id or a name is one thing; prose is words.
    if (!/\S\s+\S/.test(value)) content.add(stem(value.toLowerCase()));
    else {
      for (const word of value
        .slice(0, 600)
        .replace(OPTIONS, ' ')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? []) {
        if (!FILLERS.has(word)) content.add(stem(word));
      }
    }
  }
  return content;
};

const isWithin = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => {
  for (const item of a) if (!b.has(item)) return false;
  return true;
};

/** The part of the calls, 0 to 1, that ask for what an earlier one asked for already. */
export const samenessOf = (calls: readonly Signature[]): number => {
  const contents = calls.map(contentOf);
  let same = 0;
  for (let index = 1; index < contents.length; index++) {
    const one = contents[index]!;
    if (contents.slice(0, index).some(other => isWithin(one, other) || isWithin(other, one))) same++;
  }
  return calls.length > 1 ? same / (calls.length - 1) : 0;
};

/** Whether the later call only counts up what the earlier one had: the same but for pages, offsets and the like. */
export const countsUp = (earlier: Signature, later: Signature): boolean => {
  if (earlier.parts.length !== later.parts.length) return false;
  const before = leavesOf(earlier);
  const after = leavesOf(later);
  if (before.length !== after.length) return false;
  let counts = false;
  for (let index = 0; index < after.length; index++) {
    const [key, value] = after[index]!;
    const [oldKey, old] = before[index]!;
    if (key !== oldKey) return false;
    if (value === old) continue;
    if (isPaging(plainKey(key), value) && isPaging(plainKey(key), old)) counts = true;
    else if (typeof value !== 'string' || typeof old !== 'string') return false;
    else if (!/[? ]/.test(value) || value.length > 2_000 || withoutPages(value) !== withoutPages(old)) return false;
    else counts = true;
  }
  return counts;
};

const withoutPages = (text: string): string => text.replace(PAGED, '$1$2$3#');
