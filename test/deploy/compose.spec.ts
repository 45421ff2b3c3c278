import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv from 'ajv'
import { parse } from 'yaml'
import { loadConfig } from '@quorate/config'
import { KAFKA_VERSION } from '../broker'
import { type ComposeFile, composeFile, interpolated } from './compose-file'

const ROOT = join(__dirname, '..', '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const compose = composeFile()
const services = Object.entries(compose.services)
const SECRETS = { QUORATE_API_KEY: 'k', QUORATE_CLUSTER_SECRET: 's', KAFKA_PASSWORD: 'p', KAFKA_BROKER_PASSWORD: 'b' }
const ours = services.filter(([, it]) => it.image.startsWith('quorate:'))

describe('docker-compose.yml', () => {
  it('is a Compose file according to the schema of the specification', () => {
    // The schema names its dialect by an address that Ajv does not know; it is draft 7, Ajv's own. `format`s are only
    // hints there.
    const { $schema: _, ...schema } = JSON.parse(read('test/deploy/fixtures/compose-spec.json')) as Record<
      string,
      unknown
    >
    const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
    check(compose)
    expect(check.errors ?? []).toEqual([])
    expect(check({ services: { a: { image: 'a', restarts: 'always' } } })).toBe(false)
  })

  it('has three brokers, two aggregators, two notifiers and a mail catcher, each with a health check', () => {
    expect(services.map(([name]) => name)).toEqual([
      'kafka-1',
      'kafka-2',
      'kafka-3',
      'aggregator-1',
      'aggregator-2',
      'notifier-1',
      'notifier-2',
      'mail',
    ])
    for (const [name, { healthcheck }] of services)
      expect([name, Array.isArray(healthcheck?.test)]).toEqual([name, true])
  })

  it('runs the Kafka version of the tests, as three voters that know each other', () => {
    const brokers = services.filter(([name]) => name.startsWith('kafka-'))
    expect(new Set(brokers.map(([, it]) => it.image))).toEqual(new Set([`apache/kafka:${KAFKA_VERSION}`]))
    for (const [name, { environment = {}, ports = [] }] of brokers) {
      const id = String(environment['KAFKA_NODE_ID'])
      expect(environment['KAFKA_CONTROLLER_QUORUM_VOTERS']).toContain(`${id}@${name}:9093`)
      const [published] = /127\.0\.0\.1:\d+/.exec(ports[0]!)!
      expect(environment['KAFKA_ADVERTISED_LISTENERS']).toBe(`INSIDE://${name}:9092,OUTSIDE://${published}`)
    }
    expect(new Set(brokers.map(([, it]) => it.environment?.['KAFKA_NODE_ID'])).size).toBe(3)
    for (const [name, { environment = {}, volumes }] of brokers)
      expect(volumes).toEqual([`${name}:${environment['KAFKA_LOG_DIRS']}`])
    for (const [name, { volumes }] of ours) expect(volumes).toEqual([`${name}:/data`])
  })

  it('publishes everything on loopback only, each port once', () => {
    const ports = services.flatMap(([, it]) => it.ports ?? [])
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length)
  })

  it('gives our processes settings that they accept, and their own address', () => {
    for (const [name, { environment = {}, command, ports = [] }] of ours) {
      const app = name.startsWith('aggregator') ? 'aggregator' : 'notifier'
      expect(command?.at(-1)).toBe(`dist/apps/${app}/src/main.js`)
      const env = {
        ...interpolated(environment, SECRETS),
        QUORATE_DATA_DIR: '/data',
      }
      const config = loadConfig(app, { env, readFile: noFile })
      expect(config.advertisedUrl).toBe(`http://${name}:${config.port}`)
      expect(ports[0]!.split(':').at(-1)).toBe(String(config.port))
    }
  })

  it(
    'confines every container: no new privileges, no capabilities, bounded memory and processes; read-only ' +
      'roots except brokers',
    () => {
      for (const [name, it] of services) {
        expect([name, it]).toMatchObject([
          name,
          {
            cap_drop: ['ALL'],
            security_opt: ['no-new-privileges:true'],
            pids_limit: 1024,
            mem_limit: expect.stringMatching(/^\d+[mg]$/),
          },
        ])
        expect([name, it.read_only]).toEqual([name, name.startsWith('kafka-') ? undefined : true])
      }
    },
  )

  it('does not come up without the secrets, and the example names each', () => {
    const wanted = [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name)
    const named = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
    expect(named.sort()).toEqual([...new Set(wanted)].sort())
    expect(() => interpolated(ours[0]![1].environment ?? {}, {})).toThrow(
      'run scripts/compose-env.mjs, or copy .env.example to .env',
    )
  })

  it('lets nobody talk to a broker without a login', () => {
    for (const [name, { environment = {} }] of services) {
      if (!name.startsWith('kafka-')) continue
      const listeners = String(environment['KAFKA_LISTENER_SECURITY_PROTOCOL_MAP']).split(',')
      expect(listeners.sort()).toEqual(['CONTROLLER', 'INSIDE', 'OUTSIDE'].map((it) => `${it}:SASL_PLAINTEXT`))
    }
    for (const [, { environment = {} }] of ours)
      expect(interpolated(environment, SECRETS)).toMatchObject({
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: 'quorate',
        KAFKA_SASL_PASSWORD: 'p',
      })
  })

  it('gets its secrets from a script, which never overwrites existing ones', () => {
    const dir = mkdtempSync(join(tmpdir(), 'compose-env-'))
    writeFileSync(join(dir, '.env.example'), read('.env.example'))
    const run = () => spawnSync(process.execPath, [join(ROOT, 'scripts/compose-env.mjs'), dir], { encoding: 'utf8' })
    expect(run().status).toBe(0)
    const written = readFileSync(join(dir, '.env'), 'utf8')
    const values = [...written.matchAll(/^\w+=([0-9a-f]{48})$/gm)].map(([, value]) => value)
    expect(new Set(values).size).toBe(Object.keys(SECRETS).length)
    expect(statSync(join(dir, '.env')).mode & 0o777).toBe(0o600)
    expect(run().status).toBe(1)
    expect(readFileSync(join(dir, '.env'), 'utf8')).toBe(written)
    rmSync(dir, { recursive: true })
  })

  it('mounts no volume twice and leaves none undeclared', () => {
    const mounted = services.flatMap(([, it]) => it.volumes ?? []).map((volume) => volume.split(':')[0])
    expect(mounted.sort()).toEqual(Object.keys((parse(read('docker-compose.yml')) as ComposeFile).volumes).sort())
  })

  const engine = spawnSync('docker', ['compose', 'version']).status === 0
  ;(engine ? it : it.skip)('is read by docker compose itself', () => {
    const env = { ...process.env, ...SECRETS }
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
  })
})

describe('packages', () => {
  it('run no install script, and each that has one is known to work without', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: boolean }>
    }
    const scripted = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript ? [path.replace(/^.*node_modules\//, '')] : [],
    )
    // The first three select or check a prebuilt binary, which also loads without; @scarf/scarf reports to its maker.
    expect(new Set(scripted)).toEqual(new Set(['@parcel/watcher', '@swc/core', 'unrs-resolver', '@scarf/scarf']))
  })
})

describe('Dockerfile', () => {
  it('does not run as root, and uses the Node version of the project', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^USER node$/m)
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
    expect(new Set(images)).toEqual(new Set(['node:24-bookworm-slim']))
  })
})

function noFile(path: string): never {
  throw Object.assign(new Error(path), { code: 'ENOENT' })
}
