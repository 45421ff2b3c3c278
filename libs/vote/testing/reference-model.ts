/**
 * The vote once more, written from vote.md alone: no code in common with the engine, nothing kept that can be counted again, every
 * deadline found by looking at everything. Slow, and meant to be read beside the page. Input and output are simulate's lines; what the
 * engine says is compared with what this says.
 */
type Json = Record<string, unknown>
interface Line {
  at: number
  object?: string
  type: string
  data?: unknown
}
interface Row {
  state: string
  seq: number | null
  session: string
  at: number
  base: number
  ttl: number | null
}
interface Pol {
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
interface Over {
  state: string
  reason: string | null
  author: string | null
  expiresAt: number | null
  mode: string
  at: number
}
interface Obj {
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
  stood: boolean
}
interface Result {
  tally: Map<string, number>
  W: number
  E: number
  Q: number
  quorum: boolean
  winner: string | null
  contested: boolean
  rule: string | null
}

const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

export class ReferenceModel {
  out: unknown[] = []
  private time = -Infinity
  private readonly objects = new Map<string, Obj>()
  private readonly policies = new Map<string, Pol>()
  private readonly agents = new Map<string, { weight: number; muted: boolean }>()
  private incident: { id: string } | null = null

  run(lines: readonly Line[]): unknown[] {
    lines.forEach((line, offset) => this.line(line, offset))
    return this.out
  }

  private line({ at, object, type, data: given }: Line, offset: number): void {
    const now = Math.max(this.time, at)
    this.pass(now, offset)
    this.time = now
    const data = (given ?? {}) as Json
    if (type === 'look') {
      const found = this.objects.get(object!)
      this.out.push({ look: found === undefined ? null : this.view(found, this.decide(found, now)) })
    } else if (type === 'report') this.report(object!, data, now, offset)
    else if (type === 'leave' || type === 'report-removed') {
      const found = this.objects.get(object!)
      if (found?.rows.delete(data.agent as string) === true) {
        const cause = type === 'leave' ? 'agent-left' : 'report-removed'
        this.evaluate(found, now, cause, { type, agent: data.agent, offset })
      }
    } else if (type === 'override-set') this.override(object!, data, now, offset)
    else if (type === 'override-cleared') {
      const found = this.objects.get(object!)
      if (found === undefined || found.over === null || this.differs(found, data)) return
      const old = found.over
      found.over = null
      found.n++
      this.evaluate(found, now, type, { type, offset }, { old, cause: 'override-cleared' })
    } else if (type === 'object-deleted') {
      const found = this.objects.get(object!)
      if (found === undefined || this.differs(found, data)) return
      this.tombstone(found, now, 'deleted')
      this.back(now)
    } else if (type === 'policy-set') {
      const policy = this.policy(data)
      if (policy === null) this.out.push({ rejected: offset })
      else this.policies.set(policy.name, policy)
      if (policy !== null) this.all(now, 'policy', { type, offset })
    } else if (type === 'policy-deleted') {
      if (this.policies.delete(data.name as string)) this.all(now, 'policy', { type, offset })
    } else if (type === 'agent-set') {
      this.agents.set(data.agent as string, {
        weight: (data.weight as number | undefined) ?? 1,
        muted: (data.muted as boolean | undefined) ?? false,
      })
      this.all(now, 'agent-changed', { type, agent: data.agent, offset })
    } else if (type === 'agent-removed') {
      this.agents.delete(data.agent as string)
      this.all(now, 'agent-removed', { type, agent: data.agent, offset }, data.agent as string)
    }
  }

  private all(now: number, cause: string, trigger: Json, removed?: string): void {
    for (const id of [...this.objects.keys()].sort(bytes)) {
      const object = this.objects.get(id)!
      if (removed !== undefined) object.rows.delete(removed)
      this.evaluate(object, now, cause, trigger)
    }
  }

  /** Fires every deadline up to `until`, earliest first, then by object id. */
  private pass(until: number, offset: number): void {
    for (;;) {
      let first: { at: number; object: Obj } | undefined
      for (const object of this.objects.values()) {
        for (const at of this.deadlines(object)) {
          if (at <= object.seenAt || at > until) continue
          if (first === undefined || at < first.at || (at === first.at && bytes(object.id, first.object.id) < 0)) {
            first = { at, object }
          }
        }
      }
      if (first === undefined) return
      this.evaluate(first.object, first.at, 'vote', { type: 'deadline', offset })
    }
  }

  /** Every moment at which something might happen to the object. */
  private deadlines(object: Obj): number[] {
    const p = this.inForce(object.id)
    const at: number[] = [object.created + p.settle]
    for (const row of object.rows.values()) at.push(this.expiry(row, p), row.at + p.memory)
    if (typeof object.over?.expiresAt === 'number') at.push(object.over.expiresAt)
    if (object.cand !== null) at.push(object.candSince + this.confirm(p, object.cand))
    if (object.lostSince !== null) at.push(object.lostSince + p.unknownAfter)
    if (object.contestSince !== null) at.push(object.contestSince + p.unknownAfter)
    if (object.held !== null) at.push(object.held)
    for (const change of object.changes) at.push(change + p.flapWindow)
    return at
  }

  private expiry(row: Row, p: Pol): number {
    return row.base + Math.min(row.ttl ?? Infinity, p.ttl)
  }

  private confirm(p: Pol, state: string): number {
    return p.confirm[state] ?? p.confirm['*'] ?? 0
  }

  private inForce(id: string): Pol {
    if (this.policies.size === 0) return DEFAULT
    const fitting = [...this.policies.values()].filter((p) => matches(p.match, id))
    fitting.sort((a, b) => b.priority - a.priority || bytes(a.name, b.name))
    return fitting[0] ?? DEFAULT
  }

  private weight(agent: string): number {
    const settings = this.agents.get(agent)
    return settings === undefined ? 1 : settings.muted ? 0 : settings.weight
  }

  private policy(data: Json): Pol | null {
    const p = fill(data)
    if (p.memory < p.ttl) return null
    if (p.method === 'ordered' && p.states === null) return null
    if (p.states !== null && p.thresholds.some(([state]) => !p.states!.includes(state))) return null
    if (p.electorate !== null && !p.allowDictator) {
      const weights = p.electorate.map((agent) => this.weight(agent))
      const sum = weights.reduce((a, b) => a + b, 0)
      if (weights.some((weight) => weight > sum / 2)) return null
    }
    return p
  }

  private report(id: string, data: Json, now: number, offset: number): void {
    const p = this.inForce(id)
    const state = data.state as string
    if (p.states !== null && state !== 'unknown' && !p.states.includes(state)) {
      this.out.push({ rejected: offset })
      return
    }
    const observed = data.observedAt as number | undefined
    const row: Row = {
      state,
      seq: (data.seq as number | undefined) ?? null,
      session: (data.session as string | undefined) ?? '',
      at: now,
      base: observed === undefined ? now : Math.min(now, observed),
      ttl: (data.ttl as number | undefined) ?? null,
    }
    if (now >= this.expiry(row, p)) return
    const agent = data.agent as string
    const old = this.objects.get(id)?.rows.get(agent)
    if (old !== undefined && old.seq !== null && row.seq !== null && old.session === row.session) {
      if (row.seq <= old.seq && now < this.expiry(old, p)) return
    }
    if (old === undefined && (this.objects.get(id)?.rows.size ?? 0) >= 10_000) {
      this.out.push({ rejected: offset })
      return
    }
    const object = this.objects.get(id) ?? this.create(id, now, offset)
    object.rows.set(agent, row)
    const seq = row.seq === null ? {} : { seq: row.seq }
    this.evaluate(object, now, 'vote', { type: 'report', agent, ...seq, offset })
  }

  private create(id: string, now: number, offset: number): Obj {
    const object: Obj = {
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
      stood: false,
    }
    this.objects.set(id, object)
    return object
  }

  private differs(object: Obj | undefined, data: Json): boolean {
    if (data.ifMatch === undefined) return false
    return object === undefined || data.ifMatch !== `${object.incarnation}.${object.version}.${object.n}`
  }

  private override(id: string, data: Json, now: number, offset: number): void {
    const p = this.inForce(id)
    const state = data.state as string
    const expiresAt = (data.expiresAt as number | undefined) ?? null
    const unlisted = p.states !== null && state !== 'unknown' && !p.states.includes(state)
    if (unlisted || (expiresAt !== null && expiresAt - now > p.maxOverride)) {
      this.out.push({ rejected: offset })
      return
    }
    const found = this.objects.get(id)
    if (this.differs(found, data) || (expiresAt !== null && expiresAt <= now)) return
    const over: Over = {
      state,
      reason: (data.reason as string | undefined) ?? null,
      author: (data.author as string | undefined) ?? null,
      expiresAt,
      mode: (data.mode as string | undefined) ?? 'pin',
      at: now,
    }
    const old = found?.over ?? null
    if (old !== null && JSON.stringify({ ...old, at: 0 }) === JSON.stringify({ ...over, at: 0 })) return
    const object = found ?? this.create(id, now, offset)
    object.over = over
    object.n++
    this.evaluate(object, now, 'override', { type: 'override-set', offset }, { old, cause: 'override' })
  }

  private evaluate(
    o: Obj,
    now: number,
    recordCause: string,
    trigger: Json,
    override?: { old: Over | null; cause: string },
  ): void {
    const p = this.inForce(o.id)
    o.seenAt = now
    o.stood = o.stale
    const oldOver = override === undefined ? o.over : override.old
    const before = JSON.stringify([
      o.voted,
      o.contested,
      o.stale,
      o.flapping,
      oldOver !== null && oldOver.state !== o.voted,
    ])
    for (const [agent, row] of o.rows) if (now >= row.at + p.memory) o.rows.delete(agent)
    let overCause = override?.cause ?? null
    if (typeof o.over?.expiresAt === 'number' && now >= o.over.expiresAt) {
      o.over = null
      o.n++
      overCause = 'override-expired'
    }
    const r = this.decide(o, now)
    const lost = this.voted(o, r, p, now, trigger.offset as number)
    if (o.over?.mode === 'until-agree' && o.over.state === o.voted) {
      o.over = null
      o.n++
      overCause = 'override-agreed'
    }
    const recent = o.changes.filter((at) => at > now - p.flapWindow && at <= now).length
    if (!o.flapping && recent >= p.flapChanges) o.flapping = true
    else if (o.flapping && recent <= 1) o.flapping = false
    if (o.rows.size === 0 && o.over === null && o.voted === 'unknown') {
      this.tombstone(o, now, 'forgotten')
    } else {
      const effective = o.over?.state ?? o.voted
      const after = JSON.stringify([
        o.voted,
        o.contested,
        o.stale,
        o.flapping,
        o.over !== null && o.over.state !== o.voted,
      ])
      const changed = effective !== o.state
      if (changed || before !== after || oldOver !== o.over) {
        o.revision++
        if (changed) {
          o.version++
          o.from = o.state
          o.state = effective
        }
        o.cause = overCause ?? lost ?? recordCause
        o.trigger = trigger
        const type = changed ? 'object.changed' : 'object.updated'
        this.event(`${o.id}@${o.incarnation}.${o.revision}`, type, now, o.id, this.view(o, r))
      }
    }
    this.back(now)
  }

  private voted(o: Obj, r: Result, p: Pol, now: number, offset: number): string | null {
    const become = (state: string, since: number) => {
      o.voted = state
      o.since = since
      o.decidedAt = now
      o.changes = [...o.changes, now].slice(-20)
      o.cand = null
      if (state !== 'unknown') o.first = false
    }
    if (r.quorum) {
      o.lostSince = null
      o.held = null
      o.incident = null
      o.stale = false
      o.contested = r.contested
    }
    if (r.quorum && r.winner !== null) {
      o.contestSince = null
      if (r.winner === o.voted) {
        o.cand = null
        return null
      }
      if (o.cand !== r.winner) {
        o.cand = r.winner
        o.candSince = now
      }
      const confirmed = o.voted === 'unknown' || now - o.candSince >= this.confirm(p, r.winner)
      const settled = !o.first || now - o.created >= p.settle
      if (confirmed && settled) become(r.winner, o.candSince)
      return null
    }
    o.cand = null
    if (r.quorum) {
      const supported = (r.tally.get(o.voted) ?? 0) > 0
      o.contestSince = o.voted === 'unknown' || supported ? null : (o.contestSince ?? now)
      if (o.contestSince === null || now - o.contestSince < p.unknownAfter) return null
      become('unknown', now)
      o.contestSince = null
      return 'no-majority'
    }
    o.contestSince = null
    o.contested = false
    o.lostSince ??= now
    if (p.onNoQuorum === 'hold') {
      o.stale = o.voted !== 'unknown'
      if (o.voted === 'unknown' || now - o.lostSince < p.unknownAfter) return null
      if (this.guarded(o, now, offset)) return null
      o.stale = false
      become('unknown', now)
      return 'quorum-lost'
    }
    o.stale = false
    if (o.voted === p.onNoQuorum) return null
    if (p.onNoQuorum === 'unknown') {
      if (this.guarded(o, now, offset)) return null
    } else {
      if (o.first && now - o.created < p.settle) return null
      o.incident = null
    }
    o.held = null
    become(p.onNoQuorum, now)
    return 'quorum-lost'
  }

  /** Section 10. */
  private guarded(o: Obj, now: number, offset: number): boolean {
    if (o.held !== null) {
      if (now < o.held) return true
      o.held = null
      return false
    }
    const all = [...this.objects.values()].filter(({ voted }) => voted !== 'unknown')
    // The object in hand counts as it stood before this evaluation, as do all others.
    const stale = all.filter((other) => (other === o ? o.stood : other.stale)).length
    if (stale < 20 || stale * 2 <= all.length) return false
    if (this.incident === null) {
      this.incident = { id: `0@${offset}` }
      this.event(`observers/0@${offset}.lost`, 'observers.lost', now, '\u0001observers/0', {
        partition: 0,
        incident: this.incident.id,
        stale,
        known: all.length,
        since: now,
      })
    }
    o.held = now + 300_000
    o.incident = this.incident.id
    return true
  }

  private back(now: number): void {
    if (this.incident === null) return
    const { id } = this.incident
    const known = [...this.objects.values()].filter(({ voted }) => voted !== 'unknown')
    const stale = known.filter((o) => o.stale).length
    const lost = [...this.objects.values()].filter((o) => o.voted === 'unknown' && o.incident === id).length
    if (stale + lost >= 20 && (stale + lost) * 2 > known.length + lost) return
    this.event(`observers/${id}.back`, 'observers.back', now, '\u0001observers/0', null)
    this.incident = null
  }

  private tombstone(o: Obj, now: number, cause: string): void {
    this.objects.delete(o.id)
    this.event(`${o.id}@${o.incarnation}.${o.revision + 1}`, 'object.deleted', now, o.id, null, cause)
  }

  private event(id: string, type: string, time: number, subject: string, data: unknown, cause?: string): void {
    this.out.push({ event: { id, type, time, subject, data, ...(cause === undefined ? {} : { cause }) } })
  }

  private decide(o: Obj, now: number): Result {
    const p = this.inForce(o.id)
    const votes: [string, string, number][] = []
    for (const [agent, row] of o.rows) {
      const fresh = now < this.expiry(row, p)
      const abstains = row.state === 'unknown' || (p.states !== null && !p.states.includes(row.state))
      const elector = p.electorate === null || p.electorate.includes(agent)
      if (fresh && !abstains && elector && this.weight(agent) > 0) votes.push([agent, row.state, this.weight(agent)])
    }
    const electors = (p.electorate ?? [...o.rows.keys()]).filter((agent) => this.weight(agent) > 0)
    const sum = (agents: string[]) => agents.reduce((total, agent) => total + this.weight(agent), 0)
    if (p.groups.length === 0) return run(votes, sum(electors), p, o.voted)
    const declared = p.groups.flatMap(([, agents]) => agents)
    const others = electors.filter((agent) => !declared.includes(agent))
    const groups: [string, string[]][] = p.groups.map(([name, agents]) => [
      name,
      electors.filter((a) => agents.includes(a)),
    ])
    if (others.length > 0) groups.push(['default', others])
    const above: [string, string, number][] = []
    for (const [name, agents] of groups) {
      const { winner } = run(votes.filter(([agent]) => agents.includes(agent)), sum(agents), p, 'unknown') // prettier-ignore
      if (winner !== null) above.push([name, winner, 1])
    }
    return run(above, groups.length, p, o.voted)
  }

  private view(o: Obj, r: Result): Json {
    const over = o.over
    return {
      object: o.id,
      incarnation: o.incarnation,
      version: o.version,
      revision: o.revision,
      state: over?.state ?? o.voted,
      from: o.from,
      voted: o.voted,
      since: over?.at ?? o.since,
      decidedAt: over?.at ?? o.decidedAt,
      cause: o.cause,
      trigger: o.trigger,
      contested: o.contested,
      stale: o.stale,
      flapping: o.flapping,
      divergent: over !== null && over.state !== o.voted,
      override:
        over === null
          ? null
          : { state: over.state, reason: over.reason, author: over.author, expiresAt: over.expiresAt, mode: over.mode },
      ...shown(r.tally),
      participants: r.W,
      electorate: r.E,
      quorum: r.Q,
      rule: r.rule,
      policy: this.inForce(o.id).name,
      incident: o.held === null ? o.incident : null,
    }
  }
}

/** The 64 heaviest states, then by bytes; the others together. */
function shown(tally: Map<string, number>): Json {
  const ranked = [...tally].sort(([a, x], [b, y]) => y - x || bytes(a, b))
  const heaviest = ranked.slice(0, 64).sort(([a], [b]) => bytes(a, b))
  const others = ranked.slice(64)
  const rest = { states: others.length, weight: others.reduce((sum, [, weight]) => sum + weight, 0) }
  return { tally: Object.fromEntries(heaviest), ...(others.length > 0 ? { tallyRest: rest } : {}) }
}

/** Sections 3 and 4, once. */
function run(votes: [string, string, number][], E: number, p: Pol, previous: string): Result {
  const tally = new Map<string, number>()
  let W = 0
  for (const [, state, weight] of votes) {
    tally.set(state, (tally.get(state) ?? 0) + weight)
    W += weight
  }
  let Q = Math.max(1, Math.ceil(E / 2))
  if (p.quorum === 'majority') Q = Math.floor(E / 2) + 1
  else if (typeof p.quorum === 'number') Q = p.quorum
  else if (p.quorum.endsWith('%')) {
    // In integers: the least Q with 100 Q ≥ share · E.
    Q = 1
    while (100 * Q < Number(p.quorum.slice(0, -1)) * E) Q++
  }
  const base = { tally, W, E, Q }
  if (W < Q || W === 0) return { ...base, quorum: false, winner: null, contested: false, rule: null }
  const severe =
    p.states === null ? p.thresholds : [...p.thresholds].sort(([a], [b]) => p.states!.indexOf(b) - p.states!.indexOf(a))
  for (const [state, needed] of severe) {
    if ((tally.get(state) ?? 0) >= needed) {
      return { ...base, quorum: true, winner: state, contested: false, rule: 'threshold' }
    }
  }
  if (p.method === 'majority') {
    const winner = [...tally].find(([, weight]) => weight > W / 2)?.[0] ?? null
    return { ...base, quorum: true, winner, contested: winner === null, rule: 'majority' }
  }
  // Every vote as often as it weighs, in order: the middle one, or the middle two.
  const line: number[] = []
  for (const [state, weight] of tally) for (let i = 0; i < weight; i++) line.push(p.states!.indexOf(state))
  line.sort((a, b) => a - b)
  const lo = line[Math.floor((W - 1) / 2)]!
  const hi = line[Math.floor(W / 2)]!
  if (lo === hi) return { ...base, quorum: true, winner: p.states![lo]!, contested: false, rule: 'ordered' }
  const at = previous === 'unknown' ? -1 : p.states!.indexOf(previous)
  const winner = at < 0 ? null : at < lo ? p.states![lo]! : at > hi ? p.states![hi]! : previous
  return { ...base, quorum: true, winner, contested: true, rule: 'ordered' }
}

function fill(data: Json): Pol {
  const seconds = (name: string, otherwise: number) => ((data[name] as number | undefined) ?? otherwise) * 1000
  const flap = (data.flap ?? {}) as { changes?: number; window?: number }
  return {
    name: data.name as string,
    match: data.match as string,
    priority: (data.priority as number | undefined) ?? 0,
    states: (data.states as string[] | undefined) ?? null,
    method: (data.method as string | undefined) ?? 'majority',
    thresholds: Object.entries((data.thresholds ?? {}) as Record<string, number>),
    ttl: seconds('ttl', 60),
    memory: seconds('memory', 3600),
    electorate: (data.electorate as string[] | undefined) ?? null,
    quorum: (data.quorum as string | number | undefined) ?? 'half',
    groups: Object.entries((data.groups ?? {}) as Record<string, string[]>),
    confirm: Object.fromEntries(
      Object.entries((data.confirm ?? {}) as Record<string, number>).map(([state, s]) => [state, s * 1000]),
    ),
    settle: seconds('settle', 0),
    unknownAfter: seconds('unknownAfter', 60),
    onNoQuorum: (data.onNoQuorum as string | undefined) ?? 'hold',
    flapChanges: flap.changes ?? 5,
    flapWindow: (flap.window ?? 600) * 1000,
    maxOverride: seconds('maxOverride', 604_800),
    allowDictator: (data.allowDictator as boolean | undefined) ?? false,
  }
}

const DEFAULT = fill({ name: 'default', match: '**' })

const patterns = new Map<string, RegExp>()

function matches(pattern: string, id: string): boolean {
  const known = patterns.get(pattern)
  if (known !== undefined) return known.test(id)
  const source = pattern.replace(/(\\\*|\\\\)|(\*\*)|(\*)|([.+?^${}()|[\]\\])/g, (piece, escaped, any, some) =>
    escaped ? piece : any ? '[^]*' : some ? '[^/]*' : `\\${piece}`,
  )
  patterns.set(pattern, new RegExp(`^${source}$`, 'u'))
  return matches(pattern, id)
}
