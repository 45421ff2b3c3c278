import { StoreError } from '@quorate/state-store'
import { type RunningTask, type Streams, StreamsError } from '@quorate/streams'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, send } from './answer'
import type { Forwarding, Peers } from './peers'
import { Problem } from './problem'

/** Where a partition is answered: here, or at another instance. */
export type Place =
  { readonly task: RunningTask; readonly url?: undefined } | { readonly url: string; readonly task?: undefined }

/** Finds who answers for a partition, and lets them answer: here, or with one hop (design.md, "Queries"). */
export class Owners {
  constructor(
    readonly streams: Streams,
    readonly peers: Peers,
    /** Where this instance is reached: what `Quorate-Owner` says. */
    readonly url: () => string,
  ) {}

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
    if (task?.state === 'created' || task?.state === 'restoring') {
      const { restored, total } = task.restore
      throw new Problem('restoring', `Partition ${partition} is being restored (${restored} of ${total}). Try again.`)
    }
    if (task) throw new Problem('rebalancing', `Partition ${partition} is being handed over. Try again.`)
    const owner = this.streams.owner(partition)
    if (!owner) throw new Problem('no-owner', `Nobody owns partition ${partition} yet. Try again.`)
    if (owner.self || forwarded)
      throw new Problem('rebalancing', `Partition ${partition} is changing hands. Try again.`)
    return { url: owner.url }
  }

  /** Answers for `partition` by `local` if it is here, else by its owner: the same bytes. */
  async answer(
    partition: number,
    request: FastifyRequest,
    reply: FastifyReply,
    local: (task: RunningTask) => Answer | Promise<Answer>,
    forwarding?: Forwarding,
  ): Promise<void> {
    const place = this.find(partition, request.forwarded)
    if (place.task) send(reply, await guarded(partition, () => local(place.task)))
    else send(reply, await this.peers.forward(place.url, request, forwarding))
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
