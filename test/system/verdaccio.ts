import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../broker/ports'
import { ROOT } from './harness'
import { run, SystemProcess } from './process'

/** Why third-party packages cannot be had from the registry that this machine's npm is configured with, or undefined. */
export function whyNoRegistry(): string | undefined {
  const args = ['view', 'kafkajs', 'version', '--fetch-retries=0', '--fetch-timeout=15000', '--prefer-online']
  const { status, error } = spawnSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (error) return `npm cannot be run (${error.message})`
  return status === 0 ? undefined : "the registry of this machine's npm cannot be reached"
}

/** Runs npm and returns its stdout; throws with all that it said when it fails. */
export async function npm(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { code, process: it } = await run('npm', { args, cwd, env: { npm_config_update_notifier: 'false', ...env } })
  if (code !== 0) throw new Error(`npm ended with ${code}\n${it.output}`)
  return it.stdout
}

/**
 * A registry of our own on this machine: has what is published to it, and fetches all else by way of this machine's npm
 * configuration.
 */
export class Verdaccio {
  private constructor(
    private readonly process: SystemProcess,
    readonly url: string,
    private readonly folder: string,
  ) {}

  static async start(folder: string): Promise<Verdaccio> {
    mkdirSync(folder, { recursive: true })
    const [port] = await freePorts(1)
    const [uplink] = await npm(ROOT, ['config', 'get', 'registry'])
    const ours = { access: '$all', publish: '$all' }
    const config = {
      storage: join(folder, 'storage'),
      uplinks: { ordinary: { url: uplink, timeout: '60s', maxage: '1h' } },
      packages: { '@quorate/*': ours, quorate: ours, '**': { access: '$all', proxy: 'ordinary' } },
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
    }
    // JSON is YAML.
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
    const it = new SystemProcess(process.execPath, {
      args: [
        join(ROOT, 'node_modules/verdaccio/bin/verdaccio'),
        '--config',
        join(folder, 'config.yaml'),
        '--listen',
        `127.0.0.1:${port}`,
      ],
      cwd: folder,
    })
    await it.line(/http address/i, 60_000)
    return new Verdaccio(it, `http://127.0.0.1:${port}/`, folder)
  }

  /** For npm: this registry, a token that it does not ask for but npm does, and no proxy in between. */
  get env(): Record<string, string> {
    const file = join(this.folder, 'npmrc')
    writeFileSync(file, `//${new URL(this.url).host}/:_authToken=none\n`)
    return { npm_config_registry: this.url, npm_config_globalconfig: file, npm_config_noproxy: '127.0.0.1' }
  }

  async stop(): Promise<void> {
    await this.process.stop()
  }
}
