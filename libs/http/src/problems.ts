/** Every problem that a request can be answered with, one row each. docs/errors.md lists exactly these; codes are stable. */
export const PROBLEMS = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'No valid credentials' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'no-route': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'The resource does not take this method' },
  conflict: { status: 409, title: 'It cannot be changed as it is' },
  'dead-letter-cut': { status: 409, title: 'The dead letter is not whole' },
  gone: { status: 410, title: 'The position is too old to resume from' },
  'precondition-failed': { status: 412, title: 'It has changed since it was read' },
  'too-large': { status: 413, title: 'The request is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that is not taken here' },
  invalid: { status: 422, title: 'The request breaks the contract' },
  'precondition-required': { status: 428, title: 'If-Match is required' },
  'too-many-requests': { status: 429, title: 'Too many requests at once' },
  'headers-too-large': { status: 431, title: 'The address and headers are too large' },
  'object-unreadable': { status: 500, title: 'The stored rows of the object cannot be read' },
  internal: { status: 500, title: 'A fault of ours' },
  restoring: { status: 503, title: 'The partition is being restored' },
  rebalancing: { status: 503, title: 'The partition is changing hands' },
  'owner-unreachable': { status: 503, title: "The partition's owner cannot be reached" },
  'not-up-to-bound': { status: 503, title: 'The partition is behind the bound asked for' },
  'no-owner': { status: 503, title: 'Nobody owns the partition' },
  'log-unavailable': { status: 503, title: 'The log is out of reach' },
  'shutting-down': { status: 503, title: 'This instance is shutting down' },
  'position-timeout': { status: 504, title: 'The position was not reached in time' },
  'outcome-unknown': { status: 504, title: 'The outcome of the write is not known' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** Why a partition cannot answer now (docs/architecture.md, "Queries"). */
export type UnavailableReason = 'restoring' | 'rebalancing' | 'owner-unreachable' | 'not-up-to-bound' | 'no-owner'

/** Stable for ever: clients compare it. */
export const problemType = (code: ProblemCode) => `urn:quorate:problem:${code}`
