// Records of runs: kept locally, queried, turned into thresholds, and held against policies.

export { calibrate, MIN_RUNS, type Proposal, policyFrom } from './calibrate.ts';
export { type Policy, PolicyError, policyOptions, readPolicy, SIGNALS, type Signal } from './policy.ts';
export { observedOf, type RecorderOptions, recordRuns } from './recorder.ts';
export { type Replay, type ReplayPlace, replay, totalsOnly } from './replay.ts';
export {
  type OddLine,
  type RecordedCall,
  RUN_STATUSES,
  type RunQuery,
  type RunRecord,
  type RunRecords,
  readRuns,
  recordRun,
  runRecords,
  runsFile,
} from './store.ts';
