import type { ObjectId } from '@quorate/contracts'
import { outboxKey } from '../rows/keys'
import type { Tables } from '../rows/tables'

/** The first key of a lane from a number on that no delivery has. */
export function freeKey(tables: Tables, endpoint: string, object: ObjectId, from: number): string {
  let number = from
  while (tables.table('outbox').get(outboxKey(endpoint, object, number))) number++
  return outboxKey(endpoint, object, number)
}
