import type { ObjectId } from '@quorate/contracts'

/** No object id, endpoint or route can contain it. */
const SEPARATOR = '\u0001'
/** Sorts behind everything that opens with a key and a separator. */
const BEHIND = '\u0002'
const LATEST = 9_999_999_999_999

/** Lane of deliveries to one endpoint about one object: first in, first out. */
export const laneOf = (endpoint: string, object: ObjectId): string => `${endpoint}${SEPARATOR}${object}`

export const outboxKey = (endpoint: string, object: ObjectId, number: number): string =>
  `${laneOf(endpoint, object)}${SEPARATOR}${String(number).padStart(12, '0')}`

export const laneOfKey = (key: string): string => key.slice(0, key.lastIndexOf(SEPARATOR))
export const endpointOfKey = (key: string): string => key.slice(0, key.indexOf(SEPARATOR))

/** Bounds of a lane's rows, of an endpoint's rows. */
export const within = (opening: string): { from: string; to: string } => ({
  from: `${opening}${SEPARATOR}`,
  to: `${opening}${BEHIND}`,
})
export const behind = (opening: string): string => `${opening}${BEHIND}`

/** Newest first: the key of a delivery's record opens with its time, counted down. */
export const recordKey = (decidedAt: number, id: string): string =>
  `${String(LATEST - decidedAt).padStart(13, '0')}${SEPARATOR}${id}`

export const idOfRecord = (key: string): string => key.slice(key.indexOf(SEPARATOR) + 1)

/** Key in the index of records by object. */
export const byObjectKey = (object: ObjectId, record: string): string => `${object}${SEPARATOR}${record}`
export const recordOfIndex = (key: string): string => key.slice(key.indexOf(SEPARATOR) + 1)
