import type { RunningTask, Streams } from '@quorate/streams'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, isRead, Problem, type ProblemCode, send } from '@quorate/http'
import { OwnershipMap } from './ownership-map'
import type { Forwarding, Peers } from './peers'
import { found, GENERATION, generationOf, guarded, PASSING, type Refusal, refusalOf } from './refusal'
import { Sureness } from './sureness'

/** Where a partition is answered: here, or at another instance. */
export type Place =
  { readonly task: RunningTask; readonly url?: undefined } | { readonly url: string; readonly task?: undefined }

/** ms that a request waits for a partition that changes hands, before it is refused. */
export const PATIENCE = 1_000
/** ms between two looks whether the group was heard again. */
const POLL = 25
/** A restore with more than this to do is not waited for. */
const SOON = 10_000

/** What a read permits (rest.md, `?stale=allow&maxLag=n`): an answer of a standby, at most `maxLag` records behind. */
export interface Stale {
  readonly maxLag?: number | undefined
}

/** How a request is answered, beside where. */
export interface Answering extends Forwarding {
  readonly stale?: Stale | undefined
}

/** Knows whether every other member is in the same doubt as this one, so that nobody can have taken over that it could ask. */
export interface SharedDoubt {
  isShared(request: FastifyRequest): Promise<boolean>
}
const NEVER_SHARED: SharedDoubt = { isShared: () => Promise.resolve(false) }

/** Answers for a partition from what is here: an active task, or where a read permits it a standby. */
export type Local = (task: RunningTask) => Answer | Promise<Answer>

/** Finds who answers for a partition, and lets them answer: here, or with one hop (docs/architecture.md, "Queries"; docs/adr/0011). */
export class Owners {
  readonly map: OwnershipMap
  readonly #sureness: Sureness

  constructor(
    readonly streams: Streams,
    readonly peers: Peers,
    /** Where this instance is reached: what `Quorate-Owner` says. */
    readonly url: () => string,
    private readonly doubt: SharedDoubt = NEVER_SHARED,
  ) {
    this.map = new OwnershipMap(streams, () => this.peers.attend(this.#others()))
    this.#sureness = new Sureness(streams)
  }

  /** @throws Problem 503 before this instance has joined its group */
  partitionOf(key: string): number {
    if (this.streams.partitions === 0)
      throw new Problem('no-owner', 'This instance has not joined its group yet. Try again.')
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
   * Answers for `partition` by `local` if it is here, else by its owner: the same bytes. A partition that changes hands is waited for
   * a moment; what it refuses then is told.
   */
  async answer(
    partition: number,
    request: FastifyRequest,
    reply: FastifyReply,
    local: Local,
    answering: Answering = {},
  ): Promise<void> {
    const until = performance.now() + PATIENCE
    await this.upToSender(request)
    for (;;) {
      const { version } = this.map
      const refusal = await this.#attempt(partition, request, local, answering)
      if ('status' in refusal) {
        send(reply, refusal)
        return
      }
      if (await this.#newer(refusal, partition, version, until)) continue
      const stale = await this.#otherwise(partition, request, local, answering)
      if (!stale) throw refusal.problem
      send(reply, stale)
      return
    }
  }

  /** A forwarded request may have been sent by a newer map than ours, which is about to come then. */
  async upToSender({ forwarded, headers }: FastifyRequest): Promise<void> {
    if (forwarded) await this.map.reached(generationOf(headers[GENERATION]), PATIENCE)
  }

  async #attempt(
    partition: number,
    request: FastifyRequest,
    local: Local,
    answering: Answering,
  ): Promise<Answer | Refusal> {
    try {
      const standby = answering.stale && this.#standby(partition, answering.stale)
      const nearby = standby && (await found(standby, () => local(standby)))
      if (nearby) return nearby
      const place = this.find(partition, request.forwarded)
      if (place.task) return await this.#here(place.task, request, local)
      const headers = { ...answering.headers, [GENERATION]: String(this.map.generation) }
      const answer = await this.peers.forward(place.url, request, { ...answering, headers })
      return refusalOf(answer) ?? answer
    } catch (problem) {
      if (!(problem instanceof Problem) || !PASSING.includes(problem.code)) throw problem
      return { problem, generation: generationOf(problem.headers[GENERATION]) }
    }
  }

  /**
   * As owner: a read is done first, what had arrived before is handled, and then it is asked whether the partition is surely ours, since a
   * process that was frozen finds requests before it finds out that it was. A write asks before it judges anything, and once more by its
   * commit, which the log fences. @throws Problem `rebalancing` in doubt
   */
  async #here(task: RunningTask, request: FastifyRequest, local: Local): Promise<Answer> {
    if (!isRead(request.method)) {
      await turn()
      this.surely(task)
      return guarded(task, () => local(task))
    }
    try {
      return await guarded(task, () => local(task))
    } finally {
      await turn()
      this.surely(task)
    }
  }

  /** Whether a partition is surely ours once it has been read. */
  async isSure(task: RunningTask): Promise<boolean> {
    await turn()
    return task.owned
  }

  /** @throws Problem `rebalancing` when another may have taken the partition over */
  surely(task: RunningTask): void {
    if (task.owned) return
    const { partition } = task
    throw this.#refusal(
      'rebalancing',
      `This instance cannot tell whether it still owns partition ${partition}: the group has not been heard for too long. Try again.`,
    )
  }

  /** Waits for what may mend a refusal; false when it is to be told. */
  async #newer({ problem, generation }: Refusal, partition: number, tried: number, until: number): Promise<boolean> {
    const left = until - performance.now()
    if (left <= 0) return false
    if (generation > this.map.generation) return this.map.reached(generation, left)
    const task = this.streams.task(partition)
    if (task?.readable && !task.owned) return this.#resolved(task, left)
    return this.isPassing(partition, problem.code) && this.map.changed(tried, left)
  }

  /** Waits until the group is heard again, or has moved on. Doubt that lasts is not waited for. */
  async #resolved(task: RunningTask, ms: number): Promise<boolean> {
    const until = performance.now() + Math.min(ms, PATIENCE - this.#sureness.noticedFor)
    while (task.readable && !task.owned)
      if (performance.now() >= until || !(await this.map.changed(this.map.version, POLL, true))) return false
    return true
  }

  /** Whether a partition that was refused so is likely to be answered within a second. */
  isPassing(partition: number, code: string): boolean {
    const task = this.streams.task(partition)
    if (code === 'restoring') return !task || task.restore.total - task.restore.restored <= SOON
    if (code !== 'owner-unreachable') return code === 'rebalancing' || code === 'no-owner'
    // An owner that stopped cleanly refuses connections for less than a second until the group moves on; one that was killed, for six.
    const owner = this.streams.owner(partition)
    const peer = owner && !owner.self ? this.peers.peer(owner.url) : undefined
    return !peer || peer.reachable || performance.now() - peer.since < PATIENCE
  }

  /** What there is besides the owner's answer: a standby's where the read permits it, or our own in a doubt that all share. */
  async #otherwise(
    partition: number,
    request: FastifyRequest,
    local: Local,
    answering: Answering,
  ): Promise<Answer | undefined> {
    if (!isRead(request.method)) return undefined
    const task = this.streams.task(partition)
    if (task && (await this.mayAnswerInDoubt(task, request, answering.stale))) {
      const answer = await found(task, () => local(task))
      return answer && { ...answer, headers: { ...answer.headers, ...this.freshness(task) } }
    }
    if (!answering.stale || request.forwarded) return undefined
    for (const { url, self } of this.streams.standbysOf(partition)) {
      if (self) continue
      const answer = await this.peers.forward(url, request, answering).catch(() => undefined)
      if (answer && answer.status < 400) return answer
    }
    return undefined
  }

  /**
   * Whether rows of a partition that is not surely ours may be shown, marked as such: where the read permits it, or when all members are
   * in the same doubt, as when the log is out of everybody's reach.
   */
  async mayAnswerInDoubt(task: RunningTask, request: FastifyRequest, stale?: Stale): Promise<boolean> {
    if (!task.readable || task.role !== 'active') return false
    // How far behind it is cannot be told.
    if (stale) return stale.maxLag === undefined
    return this.doubt.isShared(request)
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
   * What every answer about an object says of its source. `position` = the last offset applied, in the form that `Quorate-Min-Position`
   * takes. An answer of a partition that is not surely ours says since when, in ms.
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
      headers['quorate-age'] = String(this.age)
    }
    return headers
  }

  /** ms since this instance last surely owned what it has; 0 while it does. */
  get age(): number {
    return this.#sureness.age
  }
}

/** What had arrived before is handled when this resolves. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
