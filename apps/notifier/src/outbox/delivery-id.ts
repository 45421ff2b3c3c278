import { hash as digest } from 'node:crypto'

const hash = (parts: readonly string[]): string => digest('sha256', JSON.stringify(parts), 'base64url').slice(0, 32)

/** Id of a delivery, the same on every attempt and on every replay: it tells the event and the endpoint, nothing else (192 bits). */
export const deliveryId = (event: string, endpoint: string): string => `msg_${hash([event, endpoint])}`

/** Id of a decision that led to no delivery. */
export const decisionId = (event: string, route: string): string => `dec_${hash([event, route])}`
