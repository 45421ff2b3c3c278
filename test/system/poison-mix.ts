import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { partitionOf } from '@quorate/log'
import {
  CompressionCodecs,
  CompressionTypes,
  Kafka,
  logLevel,
  type Message,
  Partitioners,
  type Producer,
} from 'kafkajs'
import { compressFrameSync } from 'lz4-napi'
import { compress as snappy } from 'snappyjs'
import { frame } from './record-frame'

/** One record that must become a dead letter and have no other effect. */
interface Poison {
  readonly name: string
  /** Without a value if `batch` has the records. */
  readonly message: Message
  /** The compressed records of the batch, as the broker takes them. */
  readonly batch?: { readonly codec: CompressionTypes; readonly bytes: Buffer }
}

export interface PoisonOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  /** ms between two of them. */
  readonly everyMs: number
}

const MIB = 1 << 20
const good = JSON.stringify({ agent: 'a', state: 'up' })
const typed = (type: string) => ({ ce_type: type })

/** Records of agents and strangers that cannot be applied: each kind in turn, one partition after the other. */
const KINDS: readonly ((key: string) => Poison)[] = [
  (key) => ({ name: 'broken JSON', message: { key, value: '{"agent":"a","state":"up"' } }),
  (key) => ({ name: 'not UTF-8', message: { key, value: Buffer.from([0x22, 0xff, 0xfe, 0x22]) } }),
  (key) => ({ name: 'a wrong type', message: { key, value: '{"agent":"a","state":7}' } }),
  () => ({ name: 'a report without a key', message: { key: null, value: good } }),
  (key) => ({ name: 'a key that is not an object id', message: { key: `${key}\u0007`, value: good } }),
  (key) => ({ name: 'an unknown kind', message: { key, value: good, headers: typed('party') } }),
  (key) => ({ name: 'evidence 5,200 deep', message: { key, value: nested(5_200) } }),
  (key) => ({ name: 'evidence 30,000 deep', message: { key, value: nested(30_000) } }),
  (key) => ({ name: 'a kind of 500 kB', message: { key, value: good, headers: typed('k'.repeat(500_000)) } }),
  (key) => ({
    name: 'a member with a name of 600 kB',
    message: { key, value: JSON.stringify({ agent: 'a', state: 'up', ['m'.repeat(600_000)]: 1 }) },
  }),
  (key) => ({ name: 'a thousand headers', message: { key, value: '{', headers: many(1_000) } }),
  (key) => ({ name: '900 kB of invalid bytes', message: { key, value: Buffer.alloc(900_000, 'rubbish ') } }),
  () => ({
    name: 'a policy with an electorate of 25,000',
    message: { key: null, value: electorate(25_000), headers: typed('policy-set') },
  }),
  (key) => ({
    name: 'an override with an end that is out of range',
    message: {
      key,
      value: JSON.stringify({ state: 'down', reason: 'r', author: 'a', expiresAt: 9e14 }),
      headers: typed('override-set'),
    },
  }),
  (key) => compressed('2 MB by zstd', key, CompressionTypes.ZSTD, 2 * MIB),
  (key) => compressed('20 MB by snappy', key, CompressionTypes.Snappy, 20 * MIB),
  (key) => compressed('300 MB by zstd', key, CompressionTypes.ZSTD, 300 * MIB),
  (key) => compressed('300 MB by gzip', key, CompressionTypes.GZIP, 300 * MIB),
  (key) => compressed('200 MB by lz4', key, CompressionTypes.LZ4, 200 * MIB),
]

/** Sends invalid records to the source between valid ones. */
export class PoisonMix {
  /** Number sent, by kind. */
  readonly sent = new Map<string, number>()
  readonly #producer: Producer
  #stopping = false
  #running: Promise<void> | undefined
  #turn = 0

  readonly #options: PoisonOptions

  constructor(options: PoisonOptions) {
    this.#options = options
    const kafka = new Kafka({ clientId: 'poison', brokers: [...options.brokers], logLevel: logLevel.NOTHING })
    this.#producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  }

  async start(): Promise<void> {
    await this.#producer.connect()
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    // Each kind at least once, however short the run was.
    while (this.sent.size < KINDS.length) await this.#sendNext()
    await this.#producer.disconnect()
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, count) => sum + count, 0)
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#sendNext()
      await delay(this.#options.everyMs)
    }
  }

  async #sendNext(): Promise<void> {
    const { topic, partitions } = this.#options
    const turn = this.#turn++
    const key = `poison/${turn}`
    const { name, message, batch } = KINDS[turn % KINDS.length]!(key)
    // A key in a wrong partition would be appended again instead of refused, so only records without a key are placed
    // freely.
    const given = typeof message.key === 'string' ? partitionOf(message.key, partitions) : turn % partitions
    prepared = batch?.bytes
    try {
      await this.#producer.send({
        topic,
        acks: -1,
        messages: [{ ...message, partition: given }],
        ...(batch ? { compression: batch.codec } : {}),
      })
    } finally {
      prepared = undefined
    }
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1)
  }
}

/** The records of the batch that is sent next, compressed. */
let prepared: Buffer | undefined
for (const type of [
  CompressionTypes.GZIP,
  CompressionTypes.Snappy,
  CompressionTypes.LZ4,
  CompressionTypes.ZSTD,
] as const)
  CompressionCodecs[type] = () => ({
    compress: () => Promise.resolve(prepared!),
    decompress: () => Promise.reject(new Error('a producer reads nothing')),
  })

const known = new Map<string, Buffer>()

/**
 * One record with a value of that many zeros. Compressing takes a second, so the batch is created once, with one key.
 */
function compressed(name: string, key: string, codec: CompressionTypes, bytes: number): Poison {
  let found = known.get(name)
  if (!found) {
    const records = frame({ key: Buffer.from(key), value: Buffer.alloc(bytes) })
    found = Buffer.from(
      codec === CompressionTypes.ZSTD
        ? zstdCompressSync(records)
        : codec === CompressionTypes.GZIP
          ? gzipSync(records)
          : codec === CompressionTypes.LZ4
            ? compressFrameSync(records)
            : snappy(records),
    )
    known.set(name, found)
  }
  // The message only determines the partition.
  return { name, message: { key, value: '' }, batch: { codec, bytes: found } }
}

const nested = (depth: number): string =>
  `{"agent":"a","state":"down","evidence":${'['.repeat(depth)}${']'.repeat(depth)}}`

const electorate = (agents: number): string =>
  JSON.stringify({
    name: 'poison',
    match: 'poison/**',
    electorate: Array.from({ length: agents }, (_, i) => `agent-with-a-long-name-${i}`),
  })

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`header-${i}`, 'x'.repeat(100)]))
