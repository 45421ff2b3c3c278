import { LIMITS } from './limits'

declare const brand: unique symbol
/** Any UTF-8 of 1–512 bytes without control characters (vote.md 2). */
export type ObjectId = string & { readonly [brand]?: 'object' }
/** UTF-8, 1–256 bytes, no control characters. */
export type AgentId = string & { readonly [brand]?: 'agent' }
/** `^[a-z0-9][a-z0-9._-]{0,63}$` (vote.md 2). */
export type State = string & { readonly [brand]?: 'state' }

/** An abstention in a report; the voted state before anything is decided. */
export const UNKNOWN: State = 'unknown'

const STATE = /^[a-z0-9][a-z0-9._-]{0,63}$/
const CONTROL = /\p{Cc}/u

export const isState = (value: unknown): value is State => typeof value === 'string' && STATE.test(value)

/** UTF-8 of `least` to `most` bytes, no control characters, no lone surrogates. */
export function isText(value: unknown, least: number, most: number): value is string {
  if (typeof value !== 'string' || value.length < least || value.length > most) return false
  if (CONTROL.test(value) || !value.isWellFormed()) return false
  return value.length * 3 <= most || Buffer.byteLength(value) <= most
}

export const isObjectId = (value: unknown): value is ObjectId => isText(value, 1, LIMITS.objectIdBytes)
export const isAgentId = (value: unknown): value is AgentId => isText(value, 1, LIMITS.agentIdBytes)
