import { LogError, type TopicDescription, type TopicSpec } from '../src'
import type { Cluster } from './cluster'
import { CODE, ProtocolError } from './protocol-errors'
import { describeConfigs } from './requests/topics'
import { retrying, type Patience } from './retry'
import { create, DEFAULT_MAX_MESSAGE_BYTES, describe, mismatches } from './topic-settings'

const CREATION_TIMEOUT_MS = 15_000

/** Creates, verifies and describes topics; remembers how large their batches may be. */
export class Topics {
  private readonly limits = new Map<string, Promise<number>>()

  constructor(
    private readonly cluster: Cluster,
    private readonly patience: Patience,
  ) {}

  async ensure(specs: readonly TopicSpec[], replication: number | undefined): Promise<void> {
    const found = await Promise.all(specs.map(({ name }) => this.describe(name)))
    const missing = specs.filter((_, i) => !found[i])
    if (missing.length > 0)
      await retrying(`creating ${names(missing)}`, this.patience, () =>
        create(this.cluster, missing, replication ?? -1, CREATION_TIMEOUT_MS),
      )
    const wrong: string[] = []
    for (const [i, spec] of specs.entries())
      wrong.push(...mismatches(spec, found[i] ?? (await this.created(spec)), replication))
    if (wrong.length > 0) throw new LogError('LOG_TOPIC_MISMATCH', wrong.join('\n'))
  }

  async mismatches(spec: TopicSpec, replication: number | undefined): Promise<string[]> {
    const found = await this.describe(spec.name)
    return found ? mismatches(spec, found, replication) : [`there is no topic ${spec.name}`]
  }

  describe(name: string): Promise<TopicDescription | undefined> {
    return retrying(`describing topic ${name}`, this.patience, () => describe(this.cluster, name))
  }

  /** `max.message.bytes`: the largest batch that the topic takes. */
  maxBatchBytes(topic: string): Promise<number> {
    let limit = this.limits.get(topic)
    if (!limit) {
      limit = this.askMaxBatchBytes(topic).catch((error: unknown) => {
        this.limits.delete(topic)
        throw error
      })
      this.limits.set(topic, limit)
    }
    return limit
  }

  /** After a refusal: the setting may have been lowered since. */
  forgetMaxBatchBytes(topic: string): void {
    this.limits.delete(topic)
  }

  /** A topic that was just created may take a moment to be known to the node that is asked, and to have leaders. */
  private created(spec: TopicSpec): Promise<TopicDescription> {
    return retrying(`waiting for topic ${spec.name}`, this.patience, async () => {
      const description = await describe(this.cluster, spec.name)
      if (!description) throw new ProtocolError(CODE.UNKNOWN_TOPIC_OR_PARTITION, `Metadata of ${spec.name}`)
      for (let partition = 0; partition < description.partitions; partition++)
        await this.cluster.leaderOf(spec.name, partition)
      return description
    })
  }

  private async askMaxBatchBytes(topic: string): Promise<number> {
    const [settings] = await this.cluster.ask(describeConfigs([topic], ['max.message.bytes']))
    // Who may write a topic may not always read its settings: then the broker's refusal has to tell.
    return Number(settings?.entries.get('max.message.bytes') ?? DEFAULT_MAX_MESSAGE_BYTES)
  }
}

const names = (specs: readonly TopicSpec[]): string => specs.map(({ name }) => name).join(', ')
