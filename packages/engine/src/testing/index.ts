/** Tries rules and policies in this process, without a log, a server or a clock. */
export { simulate, type SimulateOptions } from './simulate'
export type { EventLine as SimulatedChange } from '../../../../libs/engine/testing/scenario'
export type { ScenarioLine } from '../../../../libs/vote/testing/scenario-line'
