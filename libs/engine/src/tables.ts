import type { TableSpec } from '@quorate/state-store'
import { dueOf } from './objects/object-codec'

/**
 * The tables of a partition:
 *
 *   object     object id             → the object and its first 32 reports (objects/object-codec.ts), scheduled
 *   agents     object id \0 page     → further reports, 32 per page
 *   evidence   object id \0 agent    → JSON, as reported
 *   history    object id \0 version  → JSON: a change of the effective state, except the newest, which is in `object`
 *   requests   key/<Idempotency-Key>, at/<time>/<key> → requests/requests.ts
 *   settings   policies/<name>, agents/<id>, clock, pending, reappended, reshard → JSON
 */
export const TABLE = {
  object: 'object',
  agents: 'agents',
  evidence: 'evidence',
  history: 'history',
  requests: 'requests',
  settings: 'settings',
} as const

export type TableName = keyof typeof TABLE
/** Tables whose rows belong to the partition as a whole, not to an object. */
export type PartitionTable = 'requests' | 'settings'

export const AGGREGATOR_TABLES: TableSpec[] = Object.values(TABLE).map((name) =>
  name === TABLE.object ? { name, dueOf } : { name },
)

/** Ends an object id in a key: ids have no control characters. */
export const END = '\u0000'

export const pageKey = (id: string, page: number): string => `${id}${END}${page}`
export const evidenceKey = (id: string, agent: string): string => `${id}${END}${agent}`
/** Padded so that keys sort by version, up to 36^6. */
export const historyKey = (id: string, version: number): string => `${id}${END}${version.toString(36).padStart(6, '0')}`

export const POLICIES = 'policies/'
export const AGENTS = 'agents/'
export const CLOCK = 'clock'
export const PENDING = 'pending'
/** The incarnation base of a partition that a reshard created, and how much of its snapshot is still to come. */
export const RESHARD = 'reshard'
/** When, and after which offset, policies and agents were last appended again to the source. */
export const REAPPENDED_AT = 'reappended'
