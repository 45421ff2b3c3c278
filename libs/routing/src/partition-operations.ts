import type { Log } from '@quorate/log'
import { type Addressee, requestAcknowledgement, requestSkip, type SkipRequest } from '@quorate/streams'
import { setTimeout } from 'node:timers/promises'
import { type Answer, type Call, invalid, json, Problem } from '@quorate/http'
import type { Owners } from './owners'

/** ms that a request waits until the partition has done as it was told. */
const TIMEOUT_MS = { skip: 5_000, source: 10_000 }
/** ms between two checks. */
const POLL_MS = 50
/** ms beyond it that another instance may take to answer. */
const FORWARDING_MS = 5_000

const AWAIT_ACKNOWLEDGEMENT: readonly string[] = ['STREAMS_SOURCE_REPLACED', 'STREAMS_SOURCE_TRUNCATED']

/**
 * What operators do with a partition that does not get on: by instructions in the settings, so it need not be able to
 * answer.
 */
export class PartitionOperations {
  constructor(
    private readonly log: Log,
    private readonly owners: Owners,
    private readonly to: Addressee,
  ) {}

  /** Leaves a record out; any instance can say so. @throws Problem 404, 409 */
  async skip(request: SkipRequest): Promise<Answer> {
    const { partition, offset } = request
    const place = `${partition}@${offset}`
    const answer = await requestSkip(this.log, this.to, request, TIMEOUT_MS.skip)
    switch (answer.outcome) {
      case 'no-partition':
        throw noPartition(partition, answer.partitions)
      case 'beyond-end':
        throw new Problem(
          'conflict',
          `Nothing was skipped: ${request.through ?? offset} is not in partition ${partition} yet, which ends at ${answer.end}.`,
        )
      case 'applied':
        throw new Problem(
          'conflict',
          `Nothing was skipped: ${place} has been applied already; partition ${partition} is at ${answer.position}.`,
        )
      case 'skipped':
        return json(200, JSON.stringify({ outcome: 'skipped', by: answer.by, deadLetter: `0@${answer.deadLetter}` }))
      case 'noted':
        return json(202, JSON.stringify({ outcome: 'noted', position: answer.position ?? null }))
    }
  }

  /**
   * Goes on with the source as it is now: said to the instance that has the partition, which knows whether it waits for
   * that.
   */
  async acknowledge(partition: number, topic: string | undefined, call: Call): Promise<Answer> {
    const { streams, peers } = this.owners
    if (streams.partitions > 0 && partition >= streams.partitions) throw noPartition(partition, streams.partitions)
    const owner = streams.owner(partition)
    if (owner === undefined) throw new Problem('no-owner', `Nobody owns partition ${partition} yet. Try again.`)
    const isHere = owner.self || call.forwarded
    if (isHere) return this.#acknowledge(partition, topic, call)
    return peers.forward(owner.url, call, { answerMs: TIMEOUT_MS.source + FORWARDING_MS })
  }

  async #acknowledge(partition: number, topic: string | undefined, { principal }: Call): Promise<Answer> {
    const waiting = () => this.#waiting(partition)
    const description = await this.log.describeTopic(this.to.source)
    if (waiting() === undefined || description === undefined)
      throw new Problem(
        'conflict',
        `Partition ${partition} does not wait for that: its source is the log that it has applied.`,
      )
    if (topic !== undefined && topic !== description.id)
      throw invalid([{ pointer: '/topic', detail: `is not the source that is there now, which is ${description.id}` }])
    const by = principal!.name
    await requestAcknowledgement(this.log, this.to, { partition, topicId: description.id, by })
    for (const until = performance.now() + TIMEOUT_MS.source; performance.now() < until; await setTimeout(POLL_MS))
      if (waiting() === undefined)
        return json(200, JSON.stringify({ outcome: 'acknowledged', topic: description.id, by }))
    return json(202, JSON.stringify({ outcome: 'noted', topic: description.id, by }))
  }

  #waiting(partition: number) {
    const all = this.owners.streams.conditions.all()
    return all.find((it) => it.partition === partition && AWAIT_ACKNOWLEDGEMENT.includes(it.code))
  }
}

const noPartition = (partition: number, partitions: number): Problem =>
  new Problem('not-found', `There is no partition ${partition}: the source has 0 to ${partitions - 1}.`)
