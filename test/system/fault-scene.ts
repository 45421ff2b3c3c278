import { KafkaCluster } from './cluster'
import { Instance } from './instance'
import { Load, LOAD_POLICIES } from './load'
import { sequence } from './random'
import { SEED } from './run-length'
import { Watch } from './watch'

export interface SceneOptions {
  readonly names: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly brokers?: readonly string[]
  /** Records per second. */
  readonly rate?: number
  /** The instances to start at once; all by default. */
  readonly start?: readonly string[]
}

/** A cluster under load, with a client that watches it: the setting of fault tests. */
export class FaultScene {
  readonly load: Load
  readonly watches: readonly Watch[]

  private constructor(
    readonly cluster: KafkaCluster,
    readonly instances: ReadonlyMap<string, Instance>,
    load: Load,
  ) {
    this.load = load
    this.watches = [0, 1, 2].map((i) => new Watch([...instances.values()], sequence(SEED + 10 + i), `client-${i}`))
  }

  /** Resolves when the kept objects exist and all instances are ready; the caller starts load and watch. */
  static async open({ names, env = {}, brokers, rate = 500, start = names }: SceneOptions): Promise<FaultScene> {
    const cluster = new KafkaCluster(env, brokers)
    const instances = await Promise.all(names.map((name) => Instance.of(cluster, name)))
    const [first] = await Promise.all(instances.filter(({ name }) => start.includes(name)).map((it) => it.start()))
    for (const [name, policy] of Object.entries(LOAD_POLICIES)) await first!.client.putPolicy(name, policy)
    const options = { topic: cluster.topics.reports, partitions: 4, random: sequence(SEED + 1), rate }
    const load = new Load({ log: await cluster.log(), ...options })
    await load.seed()
    await cluster.caughtUp(first!)
    return new FaultScene(cluster, new Map(instances.map((it) => [it.name, it])), load)
  }

  at(name: string): Instance {
    return this.instances.get(name)!
  }

  begin(): void {
    this.load.start()
    for (const watch of this.watches) watch.start()
  }

  get faults(): string[] {
    return this.watches.flatMap(({ faults }) => faults)
  }

  /** The responses and their counts. */
  get answers(): string {
    const sum: Record<string, number> = {}
    for (const { counts } of this.watches)
      for (const [what, count] of Object.entries(counts)) sum[what] = (sum[what] ?? 0) + count
    return JSON.stringify(sum)
  }

  async rest(): Promise<void> {
    await Promise.all([this.load, ...this.watches].map((it) => it.stop()))
  }

  async close(): Promise<void> {
    await this.rest()
    await this.cluster.close()
  }
}
