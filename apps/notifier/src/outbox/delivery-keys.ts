import type { ObjectId } from '@quorate/contracts'
import { hash as digest } from 'node:crypto'
import { outboxKey } from '../rows/keys'
import type { Tables } from '../rows/tables'

const hash = (parts: readonly string[]): string => digest('sha256', JSON.stringify(parts), 'base64url').slice(0, 32)

/**
 * Id of a delivery, the same on every attempt and on every replay: it tells the event and the endpoint, nothing else
 * (192 bits).
 */
export const deliveryId = (event: string, endpoint: string): string => `msg_${hash([event, endpoint])}`

/** Id of a decision that led to no delivery. */
export const decisionId = (event: string, route: string): string => `dec_${hash([event, route])}`

/** The first key of a lane from a number on that no delivery has. */
export function freeKey(tables: Tables, endpoint: string, object: ObjectId, from: number): string {
  let number = from
  while (tables.table('outbox').get(outboxKey(endpoint, object, number))) number++
  return outboxKey(endpoint, object, number)
}
