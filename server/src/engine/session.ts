// A workspace over time: edits go in, checks come out. Each check sees one immutable snapshot, and its result is the same
// as that of a cold run over the same texts. It knows neither an editor nor a parser.
import type { LanguageFront, TextEdit } from '../languages/language.ts';
import { Cancelled } from '../program/cancelled.ts';
import type { Module } from '../program/model.ts';
import type { Analysis, AnalyzeOptions } from '../rules/analyze.ts';
import type { Finding, Fix, Place, RuleId } from '../rules/finding.ts';
import type { Files } from '../workspace/files.ts';
import type { Log } from '../workspace/log.ts';
import { extension } from '../workspace/path.ts';
import { stillHolds } from '../workspace/recorder.ts';
import type { Check, CheckedFinding } from './check.ts';
import { type Config, severityOf } from './config.ts';
import type { Engine } from './engine.ts';
import { fingerprints } from './fingerprint.ts';
import { applyEdits, type FileEdits, fixEdits } from './fix.ts';
import type { TakenNames } from './fresh-name.ts';
import type { SessionMemory } from './memory.ts';
import { type LocatedOutline, locate } from './outline.ts';
import { fileStart, type Range, rangeOf } from './position.ts';
import { createProgram, type ModuleCache, type ReadProgram } from './program.ts';
import { type Scanner, scannersFor } from './scanner.ts';
import { digestOf, isStructural, type Snapshot, takeSnapshot } from './snapshot.ts';
import { type Suppression, suppressionProblem, suppressionsOf } from './suppression.ts';

export interface SessionOptions {
  readonly files: Files;
  /** What to check, as workspace paths; the whole root if absent. */
  readonly starts?: readonly string[];
  readonly log: Log;
  /** What an earlier run left behind. */
  readonly memory?: SessionMemory | undefined;
}

export interface CheckOptions {
  /** True once nobody wants the answer; the check then ends with `Cancelled`. */
  readonly cancelled?: () => boolean;
}

/** Work without a pause, in milliseconds; then messages that wait get their turn. */
const slice = 10;

/** What the last check left for the questions that follow it. */
interface Checked {
  readonly snapshot: Snapshot;
  readonly program: ReadProgram;
  readonly check: Check;
  /** By an earlier process: nothing was parsed yet. */
  readonly restored: boolean;
}

export class Session {
  readonly #engine: Engine;
  readonly #files: Files;
  readonly #starts: readonly string[];
  readonly #log: Log;
  readonly #memory: SessionMemory | undefined;
  readonly #scanners: (config: Config) => Scanner;
  readonly #extensions: ReadonlySet<string>;
  readonly #fronts = new Map<string, LanguageFront>();
  readonly #modules = new Map<string, { hash: string; module: Module }>();
  readonly #reported = new Set<string>();
  /** Replaced, never changed: snapshots hold on to it. */
  #buffers: ReadonlyMap<string, string> = new Map();
  #changed = new Set<string>();
  #snapshot: Snapshot | undefined;
  #last: Checked | undefined;
  #outlines: { readonly of: Check; readonly outlines: readonly LocatedOutline[] } | undefined;
  /** A bug was met: what came of it is not kept. */
  #failed = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine, options: SessionOptions) {
    this.#engine = engine;
    this.#files = options.files;
    this.#starts = options.starts ?? [''];
    this.#log = options.log;
    this.#memory = options.memory;
    this.#scanners = scannersFor(engine.signals);
    this.#extensions = new Set(engine.languages.flatMap(language => language.extensions));
  }

  /** An editor holds this text for the file; it wins over the disk. */
  setBuffer(path: string, text: string): void {
    if (this.#buffers.get(path) === text) return;
    this.#buffers = new Map(this.#buffers).set(path, text);
    this.#changed.add(path);
  }

  /** The editor closed the file: the disk counts again. */
  closeBuffer(path: string): void {
    if (!this.#buffers.has(path)) return;
    const buffers = new Map(this.#buffers);
    buffers.delete(path);
    this.#buffers = buffers;
    this.#changed.add(path);
  }

  /** Files changed, appeared or vanished on the disk. */
  filesChanged(paths: Iterable<string>): void {
    for (const path of paths) if (this.#matters(path)) this.#changed.add(path);
  }

  /** Whether something changed since the last check. */
  get stale(): boolean {
    return this.#changed.size > 0 || !this.#last || this.#last.snapshot !== this.#snapshot;
  }

  /** The result of the last check that ended, however old. */
  get latest(): Check | undefined {
    return this.#last?.check;
  }

  /** The config in force at the last snapshot. */
  get config(): Config | undefined {
    return this.#snapshot?.config;
  }

  /** Checks the workspace as it is now. Without a change since the last time, the answer is the same object. */
  check(options: CheckOptions = {}): Promise<Check> {
    const run = this.#queue.then(() => this.#check(options.cancelled ?? (() => false)));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** The graphs of all entries, drawn when they are first asked for; they are those of the last check. */
  async outlines(options: CheckOptions = {}): Promise<readonly LocatedOutline[]> {
    await this.check(options);
    await this.ready();
    const last = this.#last;
    if (!last) return [];
    if (this.#outlines?.of !== last.check) {
      const { program, snapshot } = last;
      const drawn = this.#guarded('drawing the graphs', () =>
        this.#engine.outline(program, this.#options(snapshot.config, options.cancelled ?? (() => false))),
      );
      const outlines = (drawn ?? [])
        .filter(outline => snapshot.facts.has(outline.place.path))
        .map(outline => locate(outline, path => program.module(path)?.lineStarts));
      this.#outlines = { of: last.check, outlines };
    }
    return this.#outlines.outlines;
  }

  /** The text of a file in the state of the last check. */
  text(path: string): string | undefined {
    const read = (this.#last?.snapshot.files ?? this.#files).read(path);
    return read.kind === 'text' ? read.text : undefined;
  }

  /** The module of a file in the state of the last check. */
  module(path: string): Module | undefined {
    return this.#last?.program.module(path);
  }

  /**
   * The edits of a fix, file by file, against the texts of the last check; undefined if it cannot be applied.
   * `taken` keeps apart the names of fixes that are applied together.
   */
  edits(fix: Fix, taken?: TakenNames): FileEdits | undefined {
    const context = {
      module: (path: string) => this.module(path),
      text: (path: string) => this.text(path),
      writer: (path: string) => this.#fronts.get(extension(path))?.edit,
      log: this.#log,
    };
    return fixEdits(fix, context, taken);
  }

  /** The edit that silences a finding by a comment above it. */
  suppressionEdits(found: CheckedFinding, reason: string): FileEdits | undefined {
    const module = this.module(found.path);
    const text = this.text(found.path);
    const writer = this.#fronts.get(extension(found.path))?.edit;
    if (!module || text === undefined || !writer) return undefined;
    const comment = `loopbound-ignore-next-line ${found.finding.rule} -- ${reason}`;
    return new Map([[found.path, writer.commentAbove(module, text, found.range.start.line - 1, comment)]]);
  }

  /**
   * Applies safe fixes again and again until none is left, at most `rounds` times. The texts are held as buffers:
   * the caller writes them where they belong.
   */
  async applySafeFixes(rounds = 10): Promise<{ texts: ReadonlyMap<string, string>; applied: number }> {
    const texts = new Map<string, string>();
    const tried = new Set<string>();
    let applied = 0;
    for (let round = 0; round < rounds; round++) {
      const check = await this.check();
      await this.ready();
      const { merged, used } = this.#mergeSafe(check.findings, key => tried.has(key));
      for (const key of used) tried.add(key);
      applied += used.length;
      if (merged.size === 0) break;
      for (const [path, edits] of merged) {
        const text = this.text(path);
        if (text === undefined) continue;
        const next = applyEdits(text, edits);
        texts.set(path, next);
        this.setBuffer(path, next);
      }
    }
    await this.check();
    return { texts, applied };
  }

  /** The safe fixes of findings that touch only `path` and keep clear of each other, as one set of edits. */
  safeEdits(path: string, findings: readonly CheckedFinding[]): FileEdits {
    const own = findings.filter(found => {
      const fix = safeFix(found);
      return fix?.operations.every(operation => operation.path === path);
    });
    return this.#mergeSafe(own, () => false).merged;
  }

  /** Best safe fix of each finding, as long as its edits keep clear of those taken before; half a fix is none. */
  #mergeSafe(
    findings: readonly CheckedFinding[],
    skip: (key: string) => boolean,
  ): { merged: FileEdits; used: string[] } {
    const merged = new Map<string, readonly TextEdit[]>();
    const used: string[] = [];
    const taken: TakenNames = new Set();
    for (const found of findings) {
      const fix = safeFix(found);
      // A fix that did not make its finding go away is not tried again.
      const key = `${found.fingerprint}\0${fix?.title}`;
      if (!fix || skip(key)) continue;
      const edits = this.edits(fix, taken);
      if (!edits || ![...edits].every(([path, list]) => isFree(merged.get(path) ?? [], list))) continue;
      used.push(key);
      for (const [path, list] of edits) {
        const taken = merged.get(path) ?? [];
        merged.set(path, [...taken, ...list.filter(edit => !taken.some(other => sameEdit(edit, other)))]);
      }
    }
    return { merged, used };
  }

  /** Makes ready for questions about texts and modules: a restored result needs no parser, an edit does. */
  async ready(): Promise<void> {
    const snapshot = this.#last?.snapshot;
    if (snapshot) await this.#loadFronts([...snapshot.relevant, ...snapshot.suppressing]);
  }

  /** Leaves behind what a later process can use. */
  remember(): void {
    const memory = this.#memory;
    const last = this.#last;
    if (!memory || !last || this.stale) return;
    const { facts, scannerKey, recorder } = last.snapshot;
    memory.saveFacts(facts, scannerKey);
    // What an editor holds unsaved will not be there the next time.
    if (last.restored || this.#failed || [...facts.values()].some(fact => !fact.stamp)) return;
    const { findings, entries, problems, suppressed, stats } = last.check;
    memory.saveResult({
      digest: digestOf(last.snapshot, this.#starts),
      observations: recorder.observations(),
      check: { findings, entries, problems, suppressed, parsed: stats.parsed },
    });
  }

  #matters(path: string): boolean {
    return this.#extensions.has(extension(path)) || isStructural(path) || !/\.[^/]*$/.test(path);
  }

  async #check(cancelled: () => boolean): Promise<Check> {
    if (cancelled()) throw new Cancelled();
    if (this.#last && !this.stale) return this.#last.check;
    const started = performance.now();
    const breathe = pacer(cancelled);
    const snapshot = await this.#advance(breathe);
    const kept = this.#last ? this.#reuse(this.#last, snapshot) : this.#restore(snapshot, started);
    if (kept) {
      this.#last = kept;
      return kept.check;
    }
    await this.#loadFronts([...snapshot.relevant, ...snapshot.suppressing]);
    const program = createProgram(snapshot, this.#fronts, this.#moduleCache());
    for (const path of snapshot.relevant) {
      const pause = breathe();
      if (pause) await pause;
      this.#guarded(`reading ${path}`, () => program.module(path));
    }
    const analysis = this.#analyze(program, snapshot.config, cancelled);
    const check = this.#assemble(snapshot, program, analysis, started);
    this.#last = { snapshot, program, check, restored: false };
    return check;
  }

  /** The last result, if nothing that it came from has changed since: most files are not agent code. */
  #reuse(last: Checked, snapshot: Snapshot): Checked | undefined {
    const { facts, relevant, resolve } = last.snapshot;
    if (snapshot.relevant !== relevant || snapshot.resolve !== resolve || this.#failed) return undefined;
    for (const [path, now] of snapshot.facts) {
      if (now.hash === facts.get(path)?.hash) continue;
      // What a restored result had asked for is not known, nor are the comments that it had read.
      if (last.restored || last.program.asked.has(path) || now.suppresses) return undefined;
    }
    const { skipped } = snapshot;
    const same =
      skipped.length === last.check.skipped.length && skipped.every((file, at) => file === last.check.skipped[at]);
    const check = same ? last.check : { ...last.check, skipped };
    return {
      ...last,
      snapshot,
      check,
      program: createProgram(snapshot, this.#fronts, this.#moduleCache(), last.program.asked),
    };
  }

  /** The result of an earlier process over the very same workspace. */
  #restore(snapshot: Snapshot, started: number): Checked | undefined {
    const kept = this.#memory?.result(digestOf(snapshot, this.#starts));
    if (!kept || !stillHolds(snapshot.files, kept.observations)) return undefined;
    const { parsed, ...rest } = kept.check;
    const { facts, skipped, missing } = snapshot;
    const stats = { files: facts.size, parsed, milliseconds: performance.now() - started };
    const program = createProgram(snapshot, this.#fronts, this.#moduleCache());
    return { snapshot, program, check: { ...rest, skipped, missing, stats }, restored: true };
  }

  /** The next snapshot. A cancelled one leaves the changes for the next attempt. */
  async #advance(breathe: () => Promise<void> | undefined): Promise<Snapshot> {
    const changed = this.#changed;
    if (this.#snapshot && changed.size === 0) return this.#snapshot;
    this.#changed = new Set();
    try {
      this.#snapshot = await takeSnapshot({
        disk: this.#files,
        buffers: this.#buffers,
        starts: this.#starts,
        extensions: this.#extensions,
        scanner: this.#scanners,
        remembered: this.#memory?.facts,
        previous: this.#snapshot,
        changed,
        breathe,
      });
      return this.#snapshot;
    } catch (error) {
      for (const path of changed) this.#changed.add(path);
      throw error;
    }
  }

  async #loadFronts(paths: readonly string[]): Promise<void> {
    const endings = new Set(paths.map(extension));
    for (const language of this.#engine.languages) {
      if (!language.extensions.some(ending => endings.has(ending) && !this.#fronts.has(ending))) continue;
      try {
        const front = await language.load();
        for (const ending of language.extensions) this.#fronts.set(ending, front);
      } catch (error) {
        this.#reportOnce(`loading the reader for ${language.extensions.join(' ')}`, error);
      }
    }
  }

  #moduleCache(): ModuleCache {
    return {
      get: (path, hash) => {
        const entry = this.#modules.get(path);
        return entry?.hash === hash ? entry.module : undefined;
      },
      set: (path, hash, module) => void this.#modules.set(path, { hash, module }),
    };
  }

  #analyze(program: ReadProgram, config: Config, cancelled: () => boolean): Analysis {
    const options = this.#options(config, cancelled);
    return this.#guarded('the analysis', () => this.#engine.analyze(program, options)) ?? { findings: [], entries: [] };
  }

  #options(config: Config, cancelled: () => boolean): AnalyzeOptions {
    const { rules, modelCallees, toolCallees, guards, flowModules, acceptedCap } = config;
    const off = new Set<RuleId>();
    for (const [rule, level] of rules) if (level === 'off') off.add(rule);
    return { off, modelCallees, toolCallees, guards, flowModules, highCap: acceptedCap + 1, cancelled };
  }

  /** A bug of ours costs this one answer and a line in the log, not the session. */
  #guarded<T>(doing: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      this.#reportOnce(doing, error);
      return undefined;
    }
  }

  #reportOnce(doing: string, error: unknown): void {
    this.#failed = true;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    this.#log.error(`A bug in Loopbound: ${doing} failed. ${text}`);
  }

  #assemble(snapshot: Snapshot, program: ReadProgram, analysis: Analysis, started: number): Check {
    const { config } = snapshot;
    const range = (place: Place): Range => {
      const module = program.module(place.path);
      return module ? rangeOf(module.lineStarts, place.span) : fileStart;
    };
    const names = fingerprints(analysis.findings);
    const findings: CheckedFinding[] = [];
    const suppressed: CheckedFinding[] = [];
    const problems = [...snapshot.problems];
    const { byPath, used, all } = this.#suppressions(snapshot, program, problems);
    const seen = new Set<string>();
    analysis.findings.forEach((finding, at) => {
      const usual = this.#engine.rules.find(rule => rule.id === finding.rule)?.severity ?? 'warning';
      const severity = severityOf(config, finding.rule, finding.severity, usual);
      if (severity === 'off' || !snapshot.facts.has(finding.place.path)) return;
      const found: CheckedFinding = {
        finding,
        severity,
        path: finding.place.path,
        range: range(finding.place),
        related: finding.related.map(hop => ({ path: hop.path, range: range(hop), message: hop.message })),
        fingerprint: names[at] as string,
      };
      seen.add(finding.rule);
      const silencer = byPath.get(found.path)?.find(suppression => silences(suppression, finding, found.range));
      if (silencer) {
        used.add(silencer);
        suppressed.push(found);
      } else findings.push(found);
    });
    for (const suppression of all) {
      if (used.has(suppression) || suppression.rules.every(rule => config.rules.get(rule) === 'off')) continue;
      const module = program.module(suppression.path);
      if (!module) continue;
      const message = `This comment silences nothing: there is no ${suppression.rules.join(' or ')} here. Remove it.`;
      problems.push(suppressionProblem(module, suppression.span, message));
    }
    return {
      findings,
      entries: analysis.entries
        .filter(entry => snapshot.facts.has(entry.place.path))
        .map(entry => ({ entry, path: entry.place.path, range: range(entry.place) })),
      problems: problems.sort(byPlace),
      suppressed,
      skipped: snapshot.skipped,
      missing: snapshot.missing,
      stats: { files: snapshot.facts.size, parsed: program.asked.size, milliseconds: performance.now() - started },
    };
  }

  #suppressions(snapshot: Snapshot, program: ReadProgram, problems: Check['problems'][number][]) {
    const byPath = new Map<string, readonly Suppression[]>();
    const all: Suppression[] = [];
    for (const path of [...snapshot.relevant, ...snapshot.suppressing]) {
      if (!snapshot.facts.get(path)?.suppresses) continue;
      const module = this.#guarded(`reading ${path}`, () => program.module(path));
      if (!module) continue;
      const found = suppressionsOf(module);
      problems.push(...found.problems);
      all.push(...found.suppressions);
      byPath.set(path, found.suppressions);
    }
    return { byPath, all, used: new Set<Suppression>() };
  }
}

function silences(suppression: Suppression, finding: Finding, range: Range): boolean {
  if (!suppression.rules.includes(finding.rule)) return false;
  const { line } = suppression;
  return line === undefined || (line >= range.start.line && line <= range.end.line);
}

function byPlace(a: { path: string; range: Range }, b: { path: string; range: Range }): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column;
}

function safeFix(found: CheckedFinding): Fix | undefined {
  return found.finding.fixes.find(fix => fix.safe);
}

/** Whether edits keep clear of those that are taken already; the very same edit may be wanted twice. */
function isFree(taken: readonly TextEdit[], edits: readonly TextEdit[]): boolean {
  return taken.every(other =>
    edits.every(edit => edit.span[1] < other.span[0] || edit.span[0] > other.span[1] || sameEdit(edit, other)),
  );
}

function sameEdit(a: TextEdit, b: TextEdit): boolean {
  return a.span[0] === b.span[0] && a.span[1] === b.span[1] && a.text === b.text;
}

/** Gives way to waiting messages after each slice of work, and ends the work when nobody wants it. */
function pacer(cancelled: () => boolean): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < slice) return undefined;
    return new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        since = performance.now();
        if (cancelled()) reject(new Cancelled());
        else resolve();
      });
    });
  };
}
