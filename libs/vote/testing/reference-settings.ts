import { bytes, run, shown } from './reference-run'
import type { Json, Obj, Pol, Result, Row } from './reference-types'

/** Policies and agents of the reference model, and what is decided by them. */
export class ReferenceSettings {
  readonly policies = new Map<string, Pol>()
  readonly agents = new Map<string, { weight: number; muted: boolean }>()

  /** Every time at which the object might change. */
  deadlines(object: Obj): number[] {
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

  expiry(row: Row, p: Pol): number {
    return row.base + Math.min(row.ttl ?? Infinity, p.ttl)
  }

  confirm(p: Pol, state: string): number {
    return p.confirm[state] ?? p.confirm['*'] ?? 0
  }

  inForce(id: string): Pol {
    if (this.policies.size === 0) return DEFAULT
    const fitting = [...this.policies.values()].filter((p) => matches(p.match, id))
    fitting.sort((a, b) => b.priority - a.priority || bytes(a.name, b.name))
    return fitting[0] ?? DEFAULT
  }

  weight(agent: string): number {
    const settings = this.agents.get(agent)
    return settings === undefined ? 1 : settings.muted ? 0 : settings.weight
  }

  policy(data: Json): Pol | null {
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

  decide(o: Obj, now: number): Result {
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
      const { winner } = run(
        votes.filter(([agent]) => agents.includes(agent)),
        sum(agents),
        p,
        'unknown',
      )
      if (winner !== null) above.push([name, winner, 1])
    }
    return run(above, groups.length, p, o.voted)
  }

  view(o: Obj, r: Result): Json {
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
