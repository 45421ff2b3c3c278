import { freePorts } from '../broker/ports'
import type { KafkaCluster } from './cluster'
import type { App, AppOptions } from './harness'
import type { Exit } from './process'

/** One place of a cluster: a name, an address and a data directory that stay while processes come and go. */
export class Instance {
  /** The current process, or the last one. */
  app: App | undefined
  /** Whether it runs: neither ended nor frozen. */
  up = false
  /** Whether it has been ready since it was started. */
  ready = false

  readonly #cluster: KafkaCluster
  readonly #options: Partial<AppOptions>

  private constructor(
    cluster: KafkaCluster,
    readonly name: string,
    readonly port: number,
    options: Partial<AppOptions>,
  ) {
    this.#cluster = cluster
    this.#options = options
  }

  static async of(cluster: KafkaCluster, name: string, options: Partial<AppOptions> = {}): Promise<Instance> {
    return new Instance(cluster, name, (await freePorts(1))[0]!, options)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resolves when it is ready. */
  async start(): Promise<App> {
    return (await this.launch()).ready()
  }

  /** Starts the process; it may be ended again before it is ready. */
  async launch(): Promise<App> {
    const app = await this.#cluster.launch('aggregator', this.name, { port: this.port, ...this.#options })
    this.app = app
    this.up = true
    this.ready = false // the previous one may have become ready at the last moment
    this.#cluster.apps.set(this.name, app)
    void app.ready().then(
      () => (this.ready = this.app === app),
      () => undefined, // callers that need it ready wait for that themselves
    )
    return app
  }

  /** Sends a signal that ends it, and waits for its end. */
  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Exit> {
    this.up = this.ready = false
    const { process } = this.app!
    process.signal(signal)
    const impatience = setTimeout(() => process.signal('SIGKILL'), 25_000)
    const exit = await process.exited
    clearTimeout(impatience)
    return exit
  }

  /** Stops it without ending it; its connections stay open without responses. */
  freeze(): void {
    this.up = false
    this.app!.process.signal('SIGSTOP')
  }

  thaw(): void {
    this.app!.process.signal('SIGCONT')
    this.up = true
  }
}
