import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QuorateClient } from '@quorate/client'
import { freePorts } from '../broker/ports'
import { SystemProcess } from './process'
import { until } from './until'

// Processes start and take over in seconds, but slowly on a busy machine.
jest.setTimeout(60_000)

export const ROOT = join(__dirname, '..', '..')
export type AppName = 'standalone' | 'aggregator' | 'notifier'

export interface AppOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly dataDir: string
  /** A free one by default. */
  readonly port?: number
  /** `npm`: through the launcher, like a user. `node`: only the built program. */
  readonly by?: 'npm' | 'node'
  readonly apiKey?: string
}

const SCRIPTS = { standalone: 'start', aggregator: 'aggregator', notifier: 'notifier' } as const

/** A running Quorate process and a client to talk to it. */
export class App {
  private constructor(
    readonly name: AppName,
    readonly process: SystemProcess,
    readonly port: number,
    readonly client: QuorateClient,
    readonly dataDir: string,
    readonly apiKey: string | undefined,
  ) {}

  /** Starts the process; `ready` waits until it serves. */
  static async launch(name: AppName, { env = {}, dataDir, port, by = 'node', apiKey }: AppOptions): Promise<App> {
    const listen = port ?? (await freePorts(1))[0]!
    const settings = {
      QUORATE_PORT: String(listen),
      QUORATE_DATA_DIR: dataDir,
      ...(apiKey === undefined ? {} : { QUORATE_API_KEY: apiKey }),
      ...env,
    }
    const started =
      by === 'npm'
        ? new SystemProcess('npm', { args: ['run', SCRIPTS[name]], cwd: ROOT, env: settings })
        : new SystemProcess(process.execPath, {
            args: ['--enable-source-maps', join(ROOT, 'dist', 'apps', name, 'src', 'main.js')],
            cwd: ROOT,
            env: { ...settings, QUORATE_LAUNCHER: '1' },
            channel: true,
          })
    const client = new QuorateClient({ url: `http://127.0.0.1:${listen}`, ...(apiKey === undefined ? {} : { apiKey }) })
    return new App(name, started, listen, client, dataDir, apiKey)
  }

  static async start(name: AppName, options: AppOptions): Promise<App> {
    return (await App.launch(name, options)).ready()
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Waits until `/readyz` responds with 200. */
  async ready(timeoutMs = 60_000): Promise<this> {
    let ended: string | undefined
    void this.process.exited.then((exit) => (ended = `${this.name} ended with ${JSON.stringify(exit)}`))
    await until(
      `${this.name} is ready`,
      async () => {
        if (ended !== undefined) return true
        return (await fetch(`${this.url}/readyz`)).ok
      },
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(this.process.output, { cause: error })
    })
    if (ended !== undefined) throw new Error(`${ended}\n${this.process.output}`)
    return this
  }

  /** The process that serves: with `by: 'npm'` the last one below npm and the launcher. */
  servingPid(): number {
    return this.process.descendants().at(-1) ?? this.process.pid
  }

  /** `kill -9` of the process that serves. */
  async crash(): Promise<void> {
    process.kill(this.servingPid(), 'SIGKILL')
    await this.process.exited
  }

  /** One request; JSON in and out. Returns the response whatever its status. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = (response.headers.get('content-type') ?? '').includes('json')
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  readonly json: any
}

/** A folder of the suite's own; call `remove` at its end. */
export function temporaryFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `quorate-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
