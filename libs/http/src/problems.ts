/**
 * Every problem that a request can be answered with, one row each. docs/errors.md lists exactly these; codes are
 * stable.
 */
export const PROBLEMS = {
  malformed: { status: 400, title: 'Malformed request' },
  unauthenticated: { status: 401, title: 'No valid credentials' },
  forbidden: { status: 403, title: 'Forbidden' },
  'not-found': { status: 404, title: 'Not found' },
  'no-route': { status: 404, title: 'Unknown resource' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  'dead-letter-cut': { status: 409, title: 'The dead letter is incomplete' },
  gone: { status: 410, title: 'The position is too old to resume from' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'too-large': { status: 413, title: 'Request too large' },
  'uri-too-long': { status: 414, title: 'URI too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  invalid: { status: 422, title: 'Invalid request' },
  'precondition-required': { status: 428, title: 'If-Match is required' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'Request headers too large' },
  'object-unreadable': { status: 500, title: 'The stored rows of the object cannot be read' },
  internal: { status: 500, title: 'Internal error' },
  restoring: { status: 503, title: 'The partition is being restored' },
  rebalancing: { status: 503, title: 'The partition is being reassigned' },
  'owner-unreachable': { status: 503, title: "The partition's owner cannot be reached" },
  'not-up-to-bound': { status: 503, title: 'The partition is behind the bound asked for' },
  'no-owner': { status: 503, title: 'The partition has no owner' },
  'log-unavailable': { status: 503, title: 'The log is unavailable' },
  'shutting-down': { status: 503, title: 'This instance is shutting down' },
  'position-timeout': { status: 504, title: 'The position was not reached in time' },
  'outcome-unknown': { status: 504, title: 'The outcome of the write is unknown' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** Why a partition cannot answer now (docs/architecture.md, "Queries"). */
export type UnavailableReason = 'restoring' | 'rebalancing' | 'owner-unreachable' | 'not-up-to-bound' | 'no-owner'

/** Stable for ever: clients compare it. */
export const problemType = (code: ProblemCode) => `urn:quorate:problem:${code}`
