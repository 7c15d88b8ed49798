// What a session is put together from: languages, the analysis, the signals of agent code. Handed in by the entry points,
// so that the engine knows neither parsers nor frameworks.
import type { LanguageFront } from '../languages/language.ts';
import type { Program } from '../program/program.ts';
import type { Analysis, AnalyzeOptions, Outline } from '../rules/analyze.ts';
import type { RuleId, Severity } from '../rules/finding.ts';
import type { Signals } from '../workspace/specifiers.ts';

/** A language that is loaded when the first file of it is read. */
export interface LanguageSlot {
  /** Endings in lower case with the dot. */
  readonly extensions: readonly string[];
  load(): Promise<LanguageFront>;
}

/** What a rule says of itself. */
export interface RuleInfo {
  readonly id: RuleId;
  readonly what: string;
  readonly why: string;
  readonly do: string;
  /** Of what it usually reports. */
  readonly severity: Severity;
}

export interface Engine {
  readonly version: string;
  /** Identity of the analyzer's code: what another one kept is not used. undefined: nothing is kept between runs. */
  readonly build: string | undefined;
  readonly languages: readonly LanguageSlot[];
  readonly signals: Signals;
  readonly rules: readonly RuleInfo[];
  analyze(program: Program, options: AnalyzeOptions): Analysis;
  outline(program: Program, options: AnalyzeOptions): readonly Outline[];
}
