import { isRecord } from '@quorate/contracts'
import { decodeRoomy, encodeRoomy } from '../rows/roomy-json'
import type { Tables } from '../rows/tables'

/** What a task was last in line with. */
export interface InForce {
  readonly version: string
  /** Names of the endpoints of each receiver. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>
}
const KEY = 'routing'

export function inForceIn(tables: Tables): InForce | undefined {
  const bytes = tables.table('in-force').get(KEY)
  const row: unknown = bytes && decodeRoomy(bytes)
  if (!isRecord(row)) return undefined
  const { version, endpoints } = row as unknown as InForce
  return { version, endpoints: Object.assign(Object.create(null) as InForce['endpoints'], endpoints) }
}

export const putInForce = (tables: Tables, now: InForce): void => tables.table('in-force').put(KEY, encodeRoomy(now))
