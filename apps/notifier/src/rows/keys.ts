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
/** Whether a key is one of an endpoint. */
export const laneBegins = (key: string, endpoint: string): boolean => key.startsWith(`${endpoint}${SEPARATOR}`)
export const isLane = (key: string): boolean => key.indexOf(SEPARATOR) > 0
export const objectOfLane = (lane: string): string => lane.slice(lane.indexOf(SEPARATOR) + 1)
export const endpointOfKey = (key: string): string => key.slice(0, key.indexOf(SEPARATOR))

/** Bounds of a lane's rows, of an endpoint's rows. */
export const within = (opening: string): { from: string; to: string } => ({
  from: `${opening}${SEPARATOR}`,
  to: `${opening}${BEHIND}`,
})
export const behind = (opening: string): string => `${opening}${BEHIND}`

/** Newest first: a time counted down. */
const down = (at: number): string => String(LATEST - at).padStart(13, '0')

/** Place of a decision in the list of all, newest first. */
export const recordKey = (decidedAt: number, id: string): string => `${down(decidedAt)}${SEPARATOR}${id}`

/** Key of a page of decisions of one moment. */
export const pageKey = (decidedAt: number, number: number): string =>
  `${down(decidedAt)}.${String(number).padStart(4, '0')}`
/** The same for all pages of one moment, and what places in the list of that moment open with. */
export const momentOf = (key: string): string => key.slice(0, 13)
export const isPageKey = (key: string): boolean => /^\d{13}\.\d{4,}$/.test(key)
export const timeOfPage = (key: string): number => LATEST - Number(momentOf(key))

/** Key in the index by object of a row whose newest page is `page`. */
export const decisionIndexKey = (object: ObjectId, page: string): string => `${object}${SEPARATOR}${page}`
