export { Counters } from './counters'
export {
  cutOf,
  deadLetterOf,
  isMark,
  type Mark,
  MARKS,
  offsetOf,
  originalHeaders,
  positionOf,
  wholeOf,
} from './dead-letter'
export { inconsistencies, type Inconsistency } from './objects/checker'
export { decodeObject, encodeObject, LAYOUT } from './objects/object-codec'
export { ObjectReader, type ReadObject } from './objects/object-reader'
export { MAX_LISTED, type Tried, type TriedCommand, trySettings } from './objects/policy-trial'
export { type ClockRow, readReshard, type ReshardRow } from './objects/settings-rows'
export type { HotObject } from './objects/hot-object'
export { ownedRows } from './objects/owned-rows'
export { isSound, storedObject } from './objects/stored-object'
export { UnreadableObject } from './objects/unreadable-object'
export { Outcomes } from './outcomes'
export { VoteProcessor } from './processor'
export { Engine, type Outlet } from './replay/engine'
export { type Place, replayRecord } from './replay/replay'
export { requestHeader, type RequestKey, requestOf } from './requests/request-key'
export { ANSWERS, knownRequest, REMEMBERED, type RequestRow } from './requests/requests'
export { RuleFaults, type RuleTrouble } from './rule-faults'
export { lines } from './simulation/lines'
export { outputLines } from './simulation/output-lines'
export { Output } from './simulation/output'
export { readPolicies } from './simulation/policies-file'
export { Scenario } from './simulation/scenario'
export { simulateLines } from './simulation/simulate-lines'
export {
  AGGREGATOR_TABLES,
  CLOCK,
  END,
  evidenceKey,
  historyKey,
  pageKey,
  type PartitionTable,
  PENDING,
  REAPPENDED_AT,
  RESHARD,
  TABLE,
} from './tables'
export { aggregatorTopology } from './topology'
