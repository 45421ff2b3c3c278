import type { RunningTask, Streams } from '@quorate/streams'
import { Answer, type Call, isRead, Problem, type ProblemCode } from '@quorate/http'
import { OwnershipMap } from './ownership-map'
import type { Forwarding, Peers } from './peers'
import { found, GENERATION, generationOf, guarded, PASSING, type Refusal, refusalOf } from './refusal'
import { OwnershipLease } from './ownership-lease'

/** Where a partition is answered: here, or at another instance. */
export type Place =
  { readonly task: RunningTask; readonly url?: undefined } | { readonly url: string; readonly task?: undefined }

/** ms that a call waits for a partition that changes hands, before it is refused. */
export const HANDOVER_TIMEOUT_MS = 1_000
/** ms between two checks whether a lapsed lease has been renewed. */
const LEASE_POLL_MS = 25
/** Changelog positions: a restore with more than this to do is not waited for. */
const SHORT_RESTORE = 10_000

/** What a read permits (rest.md, `?stale=allow&maxLag=n`): an answer of a standby, at most `maxLag` records behind. */
export interface Stale {
  readonly maxLag?: number | undefined
}

/** How a call is answered, beside where. */
export interface Answering extends Forwarding {
  readonly stale?: Stale | undefined
}

/** Asks the other members: when the lease of every one has lapsed, none of them can have taken a partition over. */
export interface PeerAgreement {
  hasLapsedEverywhere(call: Call): Promise<boolean>
}
const NO_AGREEMENT: PeerAgreement = { hasLapsedEverywhere: () => Promise.resolve(false) }

/** Answers for a partition from what is here: an active task, or where a read permits it a standby. */
export type Local = (task: RunningTask) => Answer | Promise<Answer>

/**
 * Finds the instance that answers for a partition and has it answer: here, or with one hop (docs/architecture.md,
 * "Queries"; docs/adr/0011).
 */
export class Owners {
  readonly map: OwnershipMap
  readonly #lease: OwnershipLease
  readonly #agreement: PeerAgreement

  constructor(
    readonly streams: Streams,
    readonly peers: Peers,
    /** Where this instance is reached: what `Quorate-Owner` says. */
    readonly url: () => string,
    agreement: PeerAgreement = NO_AGREEMENT,
  ) {
    this.map = new OwnershipMap(streams, () => this.peers.attend(this.#others()))
    this.#lease = new OwnershipLease(streams)
    this.#agreement = agreement
  }

  /** How many there are. @throws Problem 503 before this instance has joined its group */
  get partitions(): number {
    const { partitions } = this.streams
    if (partitions > 0) return partitions
    throw new Problem('no-owner', 'This instance has not joined its group yet. Try again.')
  }

  /** @throws Problem 503 before this instance has joined its group */
  partitionOf(key: string): number {
    void this.partitions
    return this.streams.partitionOf(key)
  }

  /** @throws Problem 503 with the reason why nobody can answer now */
  find(partition: number, forwarded: boolean): Place {
    const task = this.streams.task(partition)
    if (task?.readable) return { task }
    if (task?.state === 'created' || task?.state === 'restoring') {
      const { restored, total } = task.restore
      throw this.#refusal('restoring', `Partition ${partition} is being restored (${restored} of ${total}). Try again.`)
    }
    if (task?.state === 'running')
      throw this.#refusal(
        'restoring',
        `Partition ${partition} has lost its changelog and decides its source again (at ${task.position}). Try again.`,
      )
    if (task) throw this.#refusal('rebalancing', `Partition ${partition} is being handed over. Try again.`)
    const owner = this.streams.owner(partition)
    if (!owner) throw this.#refusal('no-owner', `Nobody owns partition ${partition} yet. Try again.`)
    if (owner.self || forwarded)
      throw this.#refusal('rebalancing', `Partition ${partition} is changing hands. Try again.`)
    return { url: owner.url }
  }

  /**
   * Answers for `partition` by `local` if it is here, else by its owner: the same bytes. Waits a moment for a partition
   * that changes hands. @throws Problem what it refuses after that
   */
  async answer(partition: number, call: Call, local: Local, answering: Answering = {}): Promise<Answer> {
    const until = performance.now() + HANDOVER_TIMEOUT_MS
    await this.upToSender(call)
    for (;;) {
      const { version } = this.map
      const refusal = await this.#attempt(partition, call, local, answering)
      if (refusal instanceof Answer) return refusal
      if (await this.#newer(refusal, partition, version, until)) continue
      const stale = await this.#otherwise(partition, call, local, answering)
      if (!stale) throw refusal.problem
      return stale
    }
  }

  /** A forwarded call may have been sent by a newer map than ours, which is about to come then. */
  async upToSender({ forwarded, headers }: Call): Promise<void> {
    if (forwarded) await this.map.reached(generationOf(headers[GENERATION]), HANDOVER_TIMEOUT_MS)
  }

  async #attempt(partition: number, call: Call, local: Local, answering: Answering): Promise<Answer | Refusal> {
    try {
      const standby = answering.stale && this.#standby(partition, answering.stale)
      const nearby = standby && (await found(standby, () => local(standby)))
      if (nearby) return nearby
      const place = this.find(partition, call.forwarded)
      if (place.task) return await this.#here(place.task, call, local)
      const headers = { ...answering.headers, [GENERATION]: String(this.map.generation) }
      const answer = await this.peers.forward(place.url, call, { ...answering, headers })
      return refusalOf(answer) ?? answer
    } catch (problem) {
      if (!(problem instanceof Problem) || !PASSING.includes(problem.code)) throw problem
      return { problem, generation: generationOf(problem.headers[GENERATION]) }
    }
  }

  /**
   * As owner: a read is done first, what had arrived before is handled, and then the lease is checked, since a process
   * that was frozen finds requests before it finds out that it was. A write checks it before it judges anything, and
   * once more by its commit, which the log fences. @throws Problem `rebalancing` when the lease has lapsed
   */
  async #here(task: RunningTask, call: Call, local: Local): Promise<Answer> {
    if (!isRead(call.method)) {
      await turn()
      this.#requireLease(task)
      return guarded(task, () => local(task))
    }
    try {
      return await guarded(task, () => local(task))
    } finally {
      await turn()
      this.#requireLease(task)
    }
  }

  /** Whether the partition is still ours once it has been read. */
  async leaseHeld(task: RunningTask): Promise<boolean> {
    await turn()
    return task.owned
  }

  /** @throws Problem `rebalancing` when another may have taken the partition over */
  #requireLease(task: RunningTask): void {
    if (task.owned) return
    const { partition } = task
    throw this.#refusal(
      'rebalancing',
      `This instance cannot tell whether it still owns partition ${partition}: the group has not been heard for too long. Try again.`,
    )
  }

  /** Waits for what may mend a refusal; false when the caller is to have it. */
  async #newer({ problem, generation }: Refusal, partition: number, tried: number, until: number): Promise<boolean> {
    const left = until - performance.now()
    if (left <= 0) return false
    if (generation > this.map.generation) return this.map.reached(generation, left)
    const task = this.streams.task(partition)
    if (task?.readable && !task.owned) return this.#renewed(task, left)
    return this.isPassing(partition, problem.code) && this.map.changed(tried, left)
  }

  /** Waits until the lease is renewed, or the group has moved on. A lapse that lasts is not waited for. */
  async #renewed(task: RunningTask, ms: number): Promise<boolean> {
    const until = performance.now() + Math.min(ms, HANDOVER_TIMEOUT_MS - this.#lease.noticedFor)
    while (task.readable && !task.owned)
      if (performance.now() >= until || !(await this.map.changed(this.map.version, LEASE_POLL_MS, true))) return false
    return true
  }

  /** Whether a partition that was refused with `code` is likely to answer within a second. */
  isPassing(partition: number, code: string): boolean {
    const task = this.streams.task(partition)
    if (code === 'restoring') return !task || task.restore.total - task.restore.restored <= SHORT_RESTORE
    if (code !== 'owner-unreachable') return code === 'rebalancing' || code === 'no-owner'
    // An owner that stopped cleanly refuses connections for less than a second until the group moves on; one that was
    // killed, for six.
    const owner = this.streams.owner(partition)
    const peer = owner && !owner.self ? this.peers.peer(owner.url) : undefined
    return !peer || peer.reachable || performance.now() - peer.since < HANDOVER_TIMEOUT_MS
  }

  /**
   * What there is besides the owner's answer: a standby's where the read permits it, or our own when every lease has
   * lapsed.
   */
  async #otherwise(partition: number, call: Call, local: Local, answering: Answering): Promise<Answer | undefined> {
    if (!isRead(call.method)) return undefined
    const task = this.streams.task(partition)
    if (task && (await this.mayAnswerUnconfirmed(task, call, answering.stale))) {
      const answer = await found(task, () => local(task))
      return answer?.with(this.freshness(task))
    }
    if (!answering.stale || call.forwarded) return undefined
    for (const { url, self } of this.streams.standbysOf(partition)) {
      if (self) continue
      const answer = await this.peers.forward(url, call, answering).catch(() => undefined)
      if (answer && answer.status < 400) return answer
    }
    return undefined
  }

  /**
   * Whether rows of a partition without a lease may be shown, marked `unconfirmed`: where the read permits it, or when
   * the leases of all members have lapsed, as when no member can reach the log.
   */
  async mayAnswerUnconfirmed(task: RunningTask, call: Call, stale?: Stale): Promise<boolean> {
    if (!task.readable || task.role !== 'active') return false
    // How far behind it is cannot be told.
    if (stale) return stale.maxLag === undefined
    return this.#agreement.hasLapsedEverywhere(call)
  }

  #standby(partition: number, { maxLag = Infinity }: Stale): RunningTask | undefined {
    const standby = this.streams.standby(partition)
    return standby?.readable && standby.lag <= maxLag ? standby : undefined
  }

  #refusal(code: ProblemCode, detail: string): Problem {
    return new Problem(code, detail, { headers: { [GENERATION]: String(this.map.generation) } })
  }

  #others(): Set<string> {
    const { members } = this.streams.status()
    return new Set(members.filter(({ self, url }) => !self && url !== '').map(({ url }) => url))
  }

  /**
   * What every answer about an object says of its source. `position` = the last offset applied, in the form that
   * `Quorate-Min-Position` takes. An answer without a lease says for how long it has lapsed, in ms.
   */
  freshness(task: RunningTask): Record<string, string> {
    const headers: Record<string, string> = {
      'quorate-partition': String(task.partition),
      'quorate-owner': this.url(),
      'quorate-role': task.role,
      'quorate-position': `${task.partition}@${task.position - 1}`,
      // A standby that is cut off cannot tell how far behind it is.
      ...(Number.isFinite(task.lag) ? { 'quorate-lag': String(task.lag) } : {}),
      'quorate-as-of': new Date(task.time).toISOString(),
    }
    if (task.role === 'active' && !task.owned) {
      headers['quorate-role'] = 'unconfirmed'
      headers['quorate-age'] = String(this.lapsedFor)
    }
    return headers
  }

  /** ms since the lease of this instance lapsed; 0 while it is held. */
  get lapsedFor(): number {
    return this.#lease.lapsedFor
  }
}

/** What had arrived before is handled when this resolves. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
