import { Kafka, logLevel } from 'kafkajs'
import type { Taken } from './soak-receivers'

/** An event of the sink, read without the product's code, so that the check does not share its bugs. */
export interface SinkEvent {
  readonly id: string
  readonly object: string
  readonly state: string | null
  readonly incarnation: number
  readonly revision: number
}

/** Every committed record of the sink, read by a plain Kafka client. */
export async function readSink(brokers: readonly string[], topic: string, groupId: string): Promise<SinkEvent[]> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]))
  await admin.disconnect()
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const events: SinkEvent[] = []
  const left = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition))
  await new Promise<void>((resolve, reject) => {
    if (left.size === 0) resolve()
    consumer
      .run({
        eachBatch: async ({ batch }) => {
          for (const { key, value, headers } of batch.messages) {
            const text = (name: string): string => String(headers?.[name])
            const id = text('ce_id')
            const [, incarnation, revision] = /@(\d+)\.(\d+)$/.exec(id) ?? []
            const state = value === null ? null : (JSON.parse(value.toString()) as { state: string }).state
            events.push({
              id,
              object: key!.toString(),
              state,
              incarnation: Number(incarnation),
              revision: Number(revision),
            })
          }
          if (Number(batch.lastOffset()) + 1 >= ends.get(batch.partition)!) left.delete(batch.partition)
          if (left.size === 0) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return events
}

export interface Ending {
  readonly sink: readonly SinkEvent[]
  readonly log: readonly Taken[]
  /** Addresses that are configured at the end, and whether each has been from the beginning. */
  readonly addresses: ReadonlyMap<string, { readonly fromStart: boolean }>
  /** Times at which a process was killed or frozen, ms: repeats around them are not faults. */
  readonly crashes: readonly number[]
  /** Objects for which a decision says that they could not be closed at the address. */
  readonly givenUp: (address: string, object: string) => boolean
}

const CALM = ['up', null]
/** ms around a crash in which an accepted delivery may be sent again, because its outcome may not have been written. */
const AROUND = 20_000

/** Every violation. */
export function soakFaults(ending: Ending): string[] {
  return [...beliefs(ending), ...repeats(ending), ...disorder(ending)]
}

function* beliefs({ sink, log, addresses, givenUp }: Ending): Iterable<string> {
  const truth = new Map(sink.map(({ object, state }) => [object, state]))
  const last = new Map<string, string | null>()
  const all = new Set(addresses.keys())
  for (const { address, object, state } of log) {
    all.add(address)
    last.set(`${address} ${object}`, state)
  }
  for (const address of all)
    for (const [object, state] of truth) {
      const belief = last.get(`${address} ${object}`) ?? null
      const configured = addresses.get(address)
      if (CALM.includes(belief)) {
        if (configured?.fromStart && !CALM.includes(state)) yield `${address} does not know that ${object} is ${state}`
      } else if (belief !== state || !configured)
        if (!givenUp(address, object))
          yield (
            `${address} believes that ${object} is ${belief}; it is ${state}` +
            (configured ? '' : ', and the address is gone')
          )
    }
}

function* repeats({ log, crashes }: Ending): Iterable<string> {
  const first = new Map<string, Taken>()
  for (const one of log) {
    const place = `${one.address} ${one.id}`
    const before = first.get(place)
    if (!before) first.set(place, one)
    else if (before.object !== one.object || before.state !== one.state) yield `${one.id} is used for two messages`
    else if (!crashes.some((at) => Math.abs(at - before.at) < AROUND && at < one.at))
      yield `${one.id} came twice to ${one.address} (${one.object}) without a crash`
  }
}

function* disorder({ log }: Ending): Iterable<string> {
  const last = new Map<string, Taken>()
  const seen = new Set<string>()
  for (const one of log) {
    const { address, id, object, incarnation, revision } = one
    if (revision === undefined || seen.has(`${address} ${id}`)) continue
    seen.add(`${address} ${id}`)
    const before = last.get(`${address} ${object}`)
    if (before && (before.incarnation! - incarnation! || before.revision! - revision) > 0)
      yield `${address} is told revision ${revision} of ${object} after ${before.revision}`
    last.set(`${address} ${object}`, one)
  }
}
