import { bytes } from './reference-run'
import { ReferenceSettings } from './reference-settings'
import {
  newObject,
  type Json,
  type Line,
  type Obj,
  type Over,
  type Pol,
  type Result,
  type Row,
} from './reference-types'

/**
 * A second implementation of the vote, written only from vote.md. It shares no code with the engine, caches nothing
 * that can be counted again, and finds every deadline by scanning everything. Slow, and meant to be read beside the
 * page. Input and output are the lines of `simulate`; the engine's output is compared with this.
 */
export class ReferenceModel {
  out: unknown[] = []
  #time = -Infinity
  readonly #objects = new Map<string, Obj>()
  readonly #settings = new ReferenceSettings()
  #incident: { id: string } | null = null

  run(lines: readonly Line[]): unknown[] {
    lines.forEach((line, offset) => this.#line(line, offset))
    return this.out
  }

  #line({ at, object, type, data: given }: Line, offset: number): void {
    const now = Math.max(this.#time, at)
    this.#pass(now, offset)
    this.#time = now
    const data = (given ?? {}) as Json
    if (type === 'look') {
      const found = this.#objects.get(object!)
      this.out.push({
        look: found === undefined ? null : this.#settings.view(found, this.#settings.decide(found, now)),
      })
    } else if (type === 'report') this.#report(object!, data, now, offset)
    else if (type === 'leave' || type === 'report-removed') {
      const found = this.#objects.get(object!)
      if (found?.rows.delete(data.agent as string) === true) {
        const cause = type === 'leave' ? 'agent-left' : 'report-removed'
        this.#evaluate(found, now, cause, { type, agent: data.agent, offset })
      }
    } else if (type === 'override-set') this.#override(object!, data, now, offset)
    else if (type === 'override-cleared') {
      const found = this.#objects.get(object!)
      if (found === undefined || found.over === null || this.#differs(found, data)) return
      const old = found.over
      found.over = null
      found.n++
      this.#evaluate(found, now, type, { type, offset }, { old, cause: 'override-cleared' })
    } else if (type === 'object-deleted') {
      const found = this.#objects.get(object!)
      if (found === undefined || this.#differs(found, data)) return
      this.#tombstone(found, now, 'deleted')
      this.#back(now)
    } else if (type === 'policy-set') {
      const policy = this.#settings.policy(data)
      if (policy === null) this.out.push({ rejected: offset })
      else this.#settings.policies.set(policy.name, policy)
      if (policy !== null) this.#all(now, 'policy', { type, offset })
    } else if (type === 'policy-deleted') {
      if (this.#settings.policies.delete(data.name as string)) this.#all(now, 'policy', { type, offset })
    } else if (type === 'agent-set') {
      this.#settings.agents.set(data.agent as string, {
        weight: (data.weight as number | undefined) ?? 1,
        muted: (data.muted as boolean | undefined) ?? false,
      })
      this.#all(now, 'agent-changed', { type, agent: data.agent, offset })
    } else if (type === 'agent-removed') {
      this.#settings.agents.delete(data.agent as string)
      this.#all(now, 'agent-removed', { type, agent: data.agent, offset }, data.agent as string)
    }
  }

  #all(now: number, cause: string, trigger: Json, removed?: string): void {
    for (const id of [...this.#objects.keys()].sort(bytes)) {
      const object = this.#objects.get(id)!
      if (removed !== undefined) object.rows.delete(removed)
      this.#evaluate(object, now, cause, trigger)
    }
  }

  /** Fires every deadline up to `until`, earliest first, then by object id. */
  #pass(until: number, offset: number): void {
    for (;;) {
      let first: { at: number; object: Obj } | undefined
      for (const object of this.#objects.values()) {
        for (const at of this.#settings.deadlines(object)) {
          if (at <= object.seenAt || at > until) continue
          if (first === undefined || at < first.at || (at === first.at && bytes(object.id, first.object.id) < 0)) {
            first = { at, object }
          }
        }
      }
      if (first === undefined) return
      this.#evaluate(first.object, first.at, 'vote', { type: 'deadline', offset })
    }
  }

  #report(id: string, data: Json, now: number, offset: number): void {
    const p = this.#settings.inForce(id)
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
    if (now >= this.#settings.expiry(row, p)) return
    const agent = data.agent as string
    const old = this.#objects.get(id)?.rows.get(agent)
    if (old !== undefined && old.seq !== null && row.seq !== null && old.session === row.session) {
      if (row.seq <= old.seq && now < this.#settings.expiry(old, p)) return
    }
    if (old === undefined && (this.#objects.get(id)?.rows.size ?? 0) >= 10_000) {
      this.out.push({ rejected: offset })
      return
    }
    const object = this.#objects.get(id) ?? this.#create(id, now, offset)
    object.rows.set(agent, row)
    const seq = row.seq === null ? {} : { seq: row.seq }
    this.#evaluate(object, now, 'vote', { type: 'report', agent, ...seq, offset })
  }

  #create(id: string, now: number, offset: number): Obj {
    const object = newObject(id, now, offset)
    this.#objects.set(id, object)
    return object
  }

  #differs(object: Obj | undefined, data: Json): boolean {
    if (data.ifMatch === undefined) return false
    return object === undefined || data.ifMatch !== `${object.incarnation}.${object.version}.${object.n}`
  }

  #override(id: string, data: Json, now: number, offset: number): void {
    const p = this.#settings.inForce(id)
    const state = data.state as string
    const expiresAt = (data.expiresAt as number | undefined) ?? null
    const unlisted = p.states !== null && state !== 'unknown' && !p.states.includes(state)
    if (unlisted || (expiresAt !== null && expiresAt - now > p.maxOverride)) {
      this.out.push({ rejected: offset })
      return
    }
    const found = this.#objects.get(id)
    if (this.#differs(found, data) || (expiresAt !== null && expiresAt <= now)) return
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
    const object = found ?? this.#create(id, now, offset)
    object.over = over
    object.n++
    this.#evaluate(object, now, 'override', { type: 'override-set', offset }, { old, cause: 'override' })
  }

  #evaluate(
    o: Obj,
    now: number,
    recordCause: string,
    trigger: Json,
    override?: { old: Over | null; cause: string },
  ): void {
    const p = this.#settings.inForce(o.id)
    o.seenAt = now
    o.wasStale = o.stale
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
    const r = this.#settings.decide(o, now)
    const lost = this.#voted(o, r, p, now, trigger.offset as number)
    if (o.over?.mode === 'until-agree' && o.over.state === o.voted) {
      o.over = null
      o.n++
      overCause = 'override-agreed'
    }
    const recent = o.changes.filter((at) => at > now - p.flapWindow && at <= now).length
    if (!o.flapping && recent >= p.flapChanges) o.flapping = true
    else if (o.flapping && recent <= 1) o.flapping = false
    if (o.rows.size === 0 && o.over === null && o.voted === 'unknown') {
      this.#tombstone(o, now, 'forgotten')
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
        this.#event(`${o.id}@${o.incarnation}.${o.revision}`, type, now, o.id, this.#settings.view(o, r))
      }
    }
    this.#back(now)
  }

  #voted(o: Obj, r: Result, p: Pol, now: number, offset: number): string | null {
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
      const confirmed = o.voted === 'unknown' || now - o.candSince >= this.#settings.confirm(p, r.winner)
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
      if (this.#guarded(o, now, offset)) return null
      o.stale = false
      become('unknown', now)
      return 'quorum-lost'
    }
    o.stale = false
    if (o.voted === p.onNoQuorum) return null
    if (p.onNoQuorum === 'unknown') {
      if (this.#guarded(o, now, offset)) return null
    } else {
      if (o.first && now - o.created < p.settle) return null
      o.incident = null
    }
    o.held = null
    become(p.onNoQuorum, now)
    return 'quorum-lost'
  }

  /** Section 10. */
  #guarded(o: Obj, now: number, offset: number): boolean {
    if (o.held !== null) {
      if (now < o.held) return true
      o.held = null
      return false
    }
    const all = [...this.#objects.values()].filter(({ voted }) => voted !== 'unknown')
    // The object being evaluated counts as it was before this evaluation, like all others.
    const stale = all.filter((other) => (other === o ? o.wasStale : other.stale)).length
    if (stale < 20 || stale * 2 <= all.length) return false
    if (this.#incident === null) {
      this.#incident = { id: `0@${offset}` }
      this.#event(`observers/0@${offset}.lost`, 'observers.lost', now, '\u0001observers/0', {
        partition: 0,
        incident: this.#incident.id,
        stale,
        known: all.length,
        since: now,
      })
    }
    o.held = now + 300_000
    o.incident = this.#incident.id
    return true
  }

  #back(now: number): void {
    if (this.#incident === null) return
    const { id } = this.#incident
    const known = [...this.#objects.values()].filter(({ voted }) => voted !== 'unknown')
    const stale = known.filter((o) => o.stale).length
    const lost = [...this.#objects.values()].filter((o) => o.voted === 'unknown' && o.incident === id).length
    if (stale + lost >= 20 && (stale + lost) * 2 > known.length + lost) return
    this.#event(`observers/${id}.back`, 'observers.back', now, '\u0001observers/0', null)
    this.#incident = null
  }

  #tombstone(o: Obj, now: number, cause: string): void {
    this.#objects.delete(o.id)
    this.#event(`${o.id}@${o.incarnation}.${o.revision + 1}`, 'object.deleted', now, o.id, null, cause)
  }

  #event(id: string, type: string, time: number, subject: string, data: unknown, cause?: string): void {
    this.out.push({ event: { id, type, time, subject, data, ...(cause === undefined ? {} : { cause }) } })
  }
}
