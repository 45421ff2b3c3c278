/**
 * Rules of one's own, and the servers that run with them. `./testing` tries rules; `./nest` is for an application of
 * one's own.
 */
export type { Policy, State } from '@quorate/contracts'
export type { Judgement, Participant, Rule, Rules } from '@quorate/vote'
export { type ProcessOptions, runAggregator, runStandalone } from './process'
