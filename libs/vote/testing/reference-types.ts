/** Shapes of the reference model (reference-model.ts). */
export type Json = Record<string, unknown>
export interface Line {
  at: number
  object?: string
  type: string
  data?: unknown
}
export interface Row {
  state: string
  seq: number | null
  session: string
  at: number
  base: number
  ttl: number | null
}
export interface Pol {
  name: string
  match: string
  priority: number
  states: string[] | null
  method: string
  thresholds: [string, number][]
  ttl: number
  memory: number
  electorate: string[] | null
  quorum: string | number
  groups: [string, string[]][]
  confirm: Record<string, number>
  settle: number
  unknownAfter: number
  onNoQuorum: string
  flapChanges: number
  flapWindow: number
  maxOverride: number
  allowDictator: boolean
}
export interface Over {
  state: string
  reason: string | null
  author: string | null
  expiresAt: number | null
  mode: string
  at: number
}
export interface Obj {
  id: string
  incarnation: number
  created: number
  version: number
  revision: number
  state: string
  from: string | null
  cause: string | null
  trigger: Json | null
  rows: Map<string, Row>
  voted: string
  since: number
  decidedAt: number
  first: boolean
  cand: string | null
  candSince: number
  lostSince: number | null
  contestSince: number | null
  contested: boolean
  stale: boolean
  flapping: boolean
  changes: number[]
  over: Over | null
  n: number
  held: number | null
  incident: string | null
  seenAt: number
  /** Whether it was stale before this evaluation. */
  wasStale: boolean
}
export interface Result {
  tally: Map<string, number>
  W: number
  E: number
  Q: number
  quorum: boolean
  winner: string | null
  contested: boolean
  rule: string | null
}

export function newObject(id: string, now: number, offset: number): Obj {
  return {
    id,
    incarnation: offset,
    created: now,
    version: 0,
    revision: 0,
    state: 'unknown',
    from: null,
    cause: null,
    trigger: null,
    rows: new Map(),
    voted: 'unknown',
    since: now,
    decidedAt: now,
    first: true,
    cand: null,
    candSince: 0,
    lostSince: null,
    contestSince: null,
    contested: false,
    stale: false,
    flapping: false,
    changes: [],
    over: null,
    n: 0,
    held: null,
    incident: null,
    seenAt: -Infinity,
    wasStale: false,
  }
}
