/**
 * The agents' and operators' SDK. `new QuorateClient({ url, apiKey })`, then `report`, `get`, `list`, `states`,
 * `setOverride`, … Needs `fetch` (Node 18 or newer) and nothing else.
 */
export * from './answers'
export { type CallerOptions, DEFAULT_URL } from './caller'
export type { DeadLetters } from './dead-letters'
export * from './notifier-answers'
export * from './notifier-client'
export type { Partitions } from './partitions'
export * from './problem-error'
export {
  QuorateClient,
  type EndOptions,
  type ListOptions,
  type ReadOptions,
  type ReportOptions,
  type WriteOptions,
} from './quorate-client'
export type { StatesEvent, StatesOptions } from './states-stream'
