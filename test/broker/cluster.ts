import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JavaProcess, kafkaTool } from './java-process'
import { createKeystore, type Keystore } from './keystore'
import { nodeProperties, type NodePlan } from './node-properties'
import { freePorts } from './ports'

export interface BrokerOptions {
  /** 1 (default) or 3. */
  readonly nodes?: number
  /** Overrides the defaults of node-properties.ts, e.g. `{ 'log.cleaner.backoff.ms': 50 }`. */
  readonly config?: Readonly<Record<string, string | number>>
  /** `transaction.version` of the cluster: 2 (default) has Kafka 4's transactions, 1 and 0 the older ones. */
  readonly transactionVersion?: 0 | 1 | 2
  /**
   * Clients must log in: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; or OAUTHBEARER with an unsecured JWS (RFC 7515,
   * appendix A.5), which is only for tests.
   */
  readonly sasl?: LogIn
  /** Further users by PLAIN, beside `sasl`: name and password. */
  readonly users?: Readonly<Record<string, string>>
  /** Clients may do only what ACLs allow; set them through `BrokerCluster.inside`. Requires `sasl`. */
  readonly authorizer?: boolean
  /** Node n is in rack `rack-n`, and readers are sent to a replica of their own rack. */
  readonly racks?: boolean
  /** Clients use TLS and must trust `BrokerCluster.certificate`. */
  readonly tls?: boolean
  /** `-Xmx512m` by default. */
  readonly javaOptions?: readonly string[]
}

interface LogIn {
  readonly username: string
  readonly password: string
}

const START_TIMEOUT_MS = 90_000

/** A real Apache Kafka for a test. Nodes are numbered from 1, like their ids. */
export class BrokerCluster {
  readonly #processes: (JavaProcess | undefined)[] = []

  readonly #javaOptions: readonly string[]
  readonly #keystore: Keystore | undefined

  private constructor(
    readonly dir: string,
    /** `host:port` of each node; unchanged over a restart. */
    readonly brokers: readonly string[],
    /** `host:port` of the first node's listener for brokers: no TLS, no login, and everything is allowed. */
    readonly inside: string,
    javaOptions: readonly string[],
    keystore: Keystore | undefined,
  ) {
    this.#javaOptions = javaOptions
    this.#keystore = keystore
  }

  /** PEM; only with `tls`. */
  get certificate(): string {
    return this.#keystore!.certificate
  }

  static async start(options: BrokerOptions = {}): Promise<BrokerCluster> {
    const nodes = options.nodes ?? 1
    const dir = mkdtempSync(join(tmpdir(), 'quorate-broker-'))
    const ports = await freePorts(3 * nodes)
    const controllerPorts = ports.slice(nodes, 2 * nodes)
    const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
    const cluster = new BrokerCluster(
      dir,
      ports.slice(0, nodes).map((port) => `127.0.0.1:${port}`),
      `127.0.0.1:${ports[2 * nodes]!}`,
      options.javaOptions ?? ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      options.tls ? await createKeystore(dir) : undefined,
    )
    try {
      for (let nodeId = 1; nodeId <= nodes; nodeId++) {
        const home = cluster.#home(nodeId)
        mkdirSync(home)
        const plan: NodePlan = {
          nodeId,
          clientPort: ports[nodeId - 1]!,
          interBrokerPort: ports[2 * nodes + nodeId - 1]!,
          controllerPorts,
          dataDir: join(home, 'data'),
          config: options.config ?? {},
          ...(options.sasl && { users: { [options.sasl.username]: options.sasl.password, ...options.users } }),
          authorizer: options.authorizer ?? false,
          racks: options.racks ?? false,
          ...(cluster.#keystore && { keystore: cluster.#keystore }),
        }
        writeFileSync(join(home, 'server.properties'), nodeProperties(plan))
      }
      await Promise.all(cluster.nodeIds.map((nodeId) => cluster.#format(nodeId, clusterId, options)))
      await Promise.all(cluster.nodeIds.map((nodeId) => cluster.restart(nodeId)))
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  get nodeIds(): number[] {
    return this.brokers.map((_, i) => i + 1)
  }

  /** Ends a node like `kill -9`. */
  async kill(nodeId = 1): Promise<void> {
    await this.#end(nodeId, 'SIGKILL')
  }

  /** Ends a node cleanly: it hands its partitions over first. */
  async shutDown(nodeId = 1): Promise<void> {
    await this.#end(nodeId, 'SIGTERM')
  }

  /**
   * Starts a node that was ended (or ends it cleanly first), on its old port with its old data; resolves when it
   * serves.
   */
  async restart(nodeId = 1): Promise<void> {
    await this.#end(nodeId, 'SIGTERM')
    const logFile = join(this.#home(nodeId), 'server.log')
    const from = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
    const levels = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.log.kafka.server=info']
    const java = await JavaProcess.start(
      'kafka.Kafka',
      [join(this.#home(nodeId), 'server.properties')],
      [
        ...this.#javaOptions,
        ...levels,
        '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils.AppInfoParser=warn',
      ],
      logFile,
    )
    this.#processes[nodeId] = java
    await java.logged('Kafka Server started', START_TIMEOUT_MS, from)
  }

  /** Stops a node without ending it: its connections stay open without responses. */
  pause(nodeId = 1): void {
    this.#processes[nodeId]?.signal('SIGSTOP')
  }

  resume(nodeId = 1): void {
    this.#processes[nodeId]?.signal('SIGCONT')
  }

  /** Directory of a node's segments: `<topic>-<partition>/*.log`. */
  dataDir(nodeId = 1): string {
    return join(this.#home(nodeId), 'data')
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodeIds.map((nodeId) => this.#end(nodeId, 'SIGKILL')))
    rmSync(this.dir, { recursive: true, force: true })
  }

  #home(nodeId: number): string {
    return join(this.dir, `node-${nodeId}`)
  }

  async #end(nodeId: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const java = this.#processes[nodeId]
    this.#processes[nodeId] = undefined
    java?.signal('SIGCONT')
    await java?.end(signal)
  }

  async #format(nodeId: number, clusterId: string, { transactionVersion, sasl }: BrokerOptions): Promise<void> {
    const args = ['format', `--cluster-id=${clusterId}`, '-c', join(this.#home(nodeId), 'server.properties')]
    if (transactionVersion !== undefined) args.push('--feature', `transaction.version=${transactionVersion}`)
    if (sasl)
      for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
        args.push('--add-scram', `${mechanism}=[name=${sasl.username},password=${sasl.password}]`)
    await kafkaTool('kafka.tools.StorageTool', args)
  }
}
