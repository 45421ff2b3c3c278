import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePorts } from '../broker/ports'
import { SystemProcess } from './process'
import { until } from './until'

const CACHE = join(__dirname, '..', '..', '.cache', 'alertmanager')
const NAMES = ['alertmanager', 'prometheus-alertmanager']
const MODULE = 'github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1'

/**
 * The program: installed (Debian: prometheus-alertmanager), or built by Go into `.cache` the first time; undefined if
 * neither is possible.
 */
function program(): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), CACHE])
    for (const name of NAMES) if (existsSync(join(folder, name))) return join(folder, name)
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' })
    process.stderr.write(`building ${MODULE}, once; this takes minutes\n`)
    execFileSync('go', ['install', MODULE], {
      env: { ...process.env, GOBIN: CACHE },
      stdio: 'ignore',
      timeout: 600_000,
    })
    return join(CACHE, 'alertmanager')
  } catch {
    return undefined
  }
}

const PROGRAM = program()

/** `describe` if there is an Alertmanager; otherwise the suite is skipped with a message. */
export function describeAlertmanager(name: string, suite: () => void): void {
  if (PROGRAM !== undefined) return describe(name, suite)
  process.stderr.write(`SKIPPED: ${name}: there is no Alertmanager here, and no Go to build one\n`)
  describe.skip(name, suite)
}

/** An alert in the API v2. */
export interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

/** A real Alertmanager on loopback. It keeps alerts only in memory: a new one knows none. */
export class Alertmanager {
  #process!: SystemProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'quorate-alertmanager-'))

  private constructor(readonly port: number) {}

  static async start(): Promise<Alertmanager> {
    const [port] = await freePorts(1)
    const alertmanager = new Alertmanager(port!)
    writeFileSync(
      join(alertmanager.#folder, 'config.yml'),
      'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n',
    )
    await alertmanager.#launch()
    return alertmanager
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The firing alerts of an object. */
  async firing(object: string): Promise<ShownAlert[]> {
    const query = new URLSearchParams({ active: 'true', filter: `object="${object}"` })
    const response = await fetch(`${this.url}/api/v2/alerts?${query.toString()}`)
    return (await response.json()) as ShownAlert[]
  }

  /** `kill -9`, and a new one that has forgotten everything. */
  async forget(): Promise<void> {
    await this.#process.kill()
    await this.#launch()
  }

  async close(): Promise<void> {
    await this.#process.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #launch(): Promise<void> {
    this.#process = new SystemProcess(PROGRAM!, {
      args: [
        `--config.file=${join(this.#folder, 'config.yml')}`,
        `--storage.path=${mkdtempSync(join(this.#folder, 'data-'))}`,
        `--web.listen-address=127.0.0.1:${this.port}`,
        '--cluster.listen-address=',
      ],
    })
    await until('Alertmanager responds', async () => (await fetch(`${this.url}/-/ready`)).ok)
  }
}
