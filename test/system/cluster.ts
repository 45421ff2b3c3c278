import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { topicNames, type TopicNames } from '@quorate/contracts'
import { type Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { sharedBrokers, unique } from '../broker'
import { audited } from './auditing'
import { App, type AppOptions, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'

/** Instances on a real Kafka under a prefix of the suite's own, and a log to read their topics. */
export class KafkaCluster {
  readonly prefix = unique('system')
  readonly topics: TopicNames = topicNames(this.prefix)
  readonly brokers: readonly string[]
  readonly apps = new Map<string, App>()
  readonly #folder = temporaryFolder('cluster')
  #opened: Promise<Log> | undefined

  readonly #env: Readonly<Record<string, string>>

  constructor(env: Readonly<Record<string, string>> = {}, brokers?: readonly string[]) {
    this.#env = env
    this.brokers = brokers ?? sharedBrokers()
  }

  /** Settings of every instance. */
  get settings(): Record<string, string> {
    return {
      KAFKA_BROKERS: this.brokers.join(','),
      QUORATE_TOPIC_PREFIX: this.prefix,
      QUORATE_REPLICATION: '1',
      QUORATE_PARTITIONS: '4',
      ...this.#env,
    }
  }

  log(): Promise<Log> {
    this.#opened ??= openKafkaLog({ brokers: this.brokers, clientId: 'system-test' })
    return this.#opened
  }

  /** Starts an instance under a name of its own; the same name again reuses its data. */
  async start(app: 'aggregator' | 'notifier', name: string, options: Partial<AppOptions> = {}): Promise<App> {
    const started = await this.launch(app, name, options)
    await started.ready()
    this.apps.set(name, started)
    return started
  }

  /** Only starts the process: it may never become ready. */
  launch(app: 'aggregator' | 'notifier', name: string, options: Partial<AppOptions> = {}): Promise<App> {
    return App.launch(app, { dataDir: this.dataDir(name), ...options, env: { ...this.settings, ...options.env } })
  }

  /** The data directory of the instance of that name. */
  dataDir(name: string): string {
    return join(this.#folder.path, name)
  }

  deleteData(name: string): void {
    rmSync(this.dataDir(name), { recursive: true })
  }

  /** Waits until every partition of the source is owned and applied up to its end, according to the given instance. */
  async caughtUp(by: App, timeoutMs = 90_000): Promise<void> {
    interface Report {
      partitions: { state: string; position?: number }[]
    }
    await until(
      'every partition is owned and applied to its end',
      async () => {
        const ends = await (await this.log()).offsets(this.topics.reports)
        const { partitions } = (await by.client.cluster()) as unknown as Report
        return ends.every(({ partition, end }) => {
          const task = partitions[partition]
          return task?.state === 'running' && (task.position ?? -1) >= end
        })
      },
      timeoutMs,
    )
  }

  /** Fails unless the stored data matches the source (auditing.ts); `by` is any running instance. */
  async audited(by: App): Promise<string> {
    return audited({ brokers: this.brokers, prefix: this.prefix, by })
  }

  async close(): Promise<void> {
    await endAll()
    await (await this.#opened)?.close()
    this.#folder.remove()
  }
}
