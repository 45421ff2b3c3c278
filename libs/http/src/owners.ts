import { StoreError } from '@quorate/state-store'
import { type RunningTask, type Streams, StreamsError } from '@quorate/streams'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, send } from './answer'
import { OwnershipMap } from './ownership-map'
import type { Forwarding, Peers } from './peers'
import { Problem } from './problem'
import type { ProblemCode } from './problems'

/** Where a partition is answered: here, or at another instance. */
export type Place =
  { readonly task: RunningTask; readonly url?: undefined } | { readonly url: string; readonly task?: undefined }

/** Of a forwarded request: the generation by which its sender chose. Of a refusal: the generation of who refused. */
export const GENERATION = 'quorate-generation'
/** ms that a request waits for a partition that changes hands, before it is refused. */
export const PATIENCE = 1_000
/** Refusals that a newer map may mend; nothing was written. */
const PASSING: readonly ProblemCode[] = ['rebalancing', 'no-owner', 'restoring', 'owner-unreachable']
/** A restore with more than this to do is not waited for. */
const SOON = 10_000

/** Finds who answers for a partition, and lets them answer: here, or with one hop (design.md, "Queries"). */
export class Owners {
  readonly map: OwnershipMap

  constructor(
    readonly streams: Streams,
    readonly peers: Peers,
    /** Where this instance is reached: what `Quorate-Owner` says. */
    readonly url: () => string,
  ) {
    this.map = new OwnershipMap(streams, () => this.peers.attend(this.#others()))
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
    if (task?.state === 'running') return { task }
    const headers = { [GENERATION]: String(this.map.generation) }
    if (task?.state === 'created' || task?.state === 'restoring') {
      const { restored, total } = task.restore
      const detail = `Partition ${partition} is being restored (${restored} of ${total}). Try again.`
      throw new Problem('restoring', detail, { headers })
    }
    if (task) throw new Problem('rebalancing', `Partition ${partition} is being handed over. Try again.`, { headers })
    const owner = this.streams.owner(partition)
    if (!owner) throw new Problem('no-owner', `Nobody owns partition ${partition} yet. Try again.`, { headers })
    if (owner.self || forwarded)
      throw new Problem('rebalancing', `Partition ${partition} is changing hands. Try again.`, { headers })
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
    local: (task: RunningTask) => Answer | Promise<Answer>,
    forwarding: Forwarding = {},
  ): Promise<void> {
    const until = performance.now() + PATIENCE
    await this.upToSender(request)
    for (;;) {
      const { version } = this.map
      const refusal = await this.#attempt(partition, request, local, forwarding)
      if ('status' in refusal) {
        send(reply, refusal)
        return
      }
      if (!(await this.#newer(refusal, partition, version, until))) throw refusal.problem
    }
  }

  /** A forwarded request may have been sent by a newer map than ours, which is about to come then. */
  async upToSender({ forwarded, headers }: FastifyRequest): Promise<void> {
    if (forwarded) await this.map.reached(generationOf(headers[GENERATION]), PATIENCE)
  }

  async #attempt(
    partition: number,
    request: FastifyRequest,
    local: (task: RunningTask) => Answer | Promise<Answer>,
    forwarding: Forwarding,
  ): Promise<Answer | Refusal> {
    try {
      const place = this.find(partition, request.forwarded)
      if (place.task) return await guarded(partition, () => local(place.task))
      const headers = { ...forwarding.headers, [GENERATION]: String(this.map.generation) }
      const answer = await this.peers.forward(place.url, request, { ...forwarding, headers })
      return refusalOf(answer) ?? answer
    } catch (problem) {
      if (!(problem instanceof Problem) || !PASSING.includes(problem.code)) throw problem
      return { problem, generation: generationOf(problem.headers[GENERATION]) }
    }
  }

  /** Waits for what may mend a refusal; false when it is to be told. */
  async #newer({ problem, generation }: Refusal, partition: number, tried: number, until: number): Promise<boolean> {
    const left = until - performance.now()
    if (left <= 0) return false
    if (generation > this.map.generation) return this.map.reached(generation, left)
    return this.isPassing(partition, problem.code) && this.map.changed(tried, left)
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

  #others(): Set<string> {
    const { members } = this.streams.status()
    return new Set(members.filter(({ self, url }) => !self && url !== '').map(({ url }) => url))
  }

  /** What every answer about an object says of its source. `position` = the last offset applied, in the form that `Quorate-Min-Position` takes. */
  freshness(task: RunningTask): Record<string, string> {
    return {
      'quorate-partition': String(task.partition),
      'quorate-owner': this.url(),
      'quorate-role': 'active',
      'quorate-position': `${task.partition}@${task.position - 1}`,
      'quorate-lag': String(task.lag),
      'quorate-as-of': new Date(task.time).toISOString(),
    }
  }
}

interface Refusal {
  readonly problem: Problem
  /** Of who refused; −1 where it is not known. */
  readonly generation: number
}

/** A peer's 503 that a newer map may mend. */
function refusalOf({ status, headers, body }: Answer): Refusal | undefined {
  if (status !== 503 || headers[GENERATION] === undefined) return undefined
  const { code, detail } = JSON.parse(String(body)) as { code: ProblemCode; detail: string }
  if (!PASSING.includes(code)) return undefined
  return { problem: new Problem(code, detail), generation: generationOf(headers[GENERATION]) }
}

const generationOf = (value: string | string[] | undefined): number => {
  const generation = Number(value ?? NaN)
  return Number.isSafeInteger(generation) ? generation : -1
}

/** A task that closes under a read has moved, which is no fault. */
export async function guarded<T>(partition: number, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (StreamsError.is(error, 'STREAMS_TASK_CLOSED', 'STREAMS_NOT_RUNNING') || isClosed(error)) {
      throw new Problem('rebalancing', `Partition ${partition} is changing hands. Try again.`, { cause: error })
    }
    throw error
  }
}

const isClosed = (error: unknown) => error instanceof StoreError && error.code === 'STORE_CLOSED'
