import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../broker/ports'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'

const folder = temporaryFolder('starts')
let last = 0
const fresh = () => join(folder.path, String(last++))
afterAll(async () => {
  await endAll()
  folder.remove()
})

interface Line {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}
const linesOf = (app: App): Line[] =>
  app.process.stderr.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line)

describe('a start while Kafka is away', () => {
  it.each(['aggregator', 'notifier'] as const)(
    'of the %s reports it once, and ends immediately when asked to',
    async (name) => {
      const [port] = await freePorts(1)
      const app = await App.launch(name, { dataDir: fresh(), env: { KAFKA_BROKERS: `127.0.0.1:${port}` } })
      await app.process.line(/cannot be reached/)
      // Meanwhile it tries again twice a second.
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      const begun = performance.now()
      expect(await app.process.stop()).toEqual({ code: 0, signal: null })
      expect(performance.now() - begun).toBeLessThan(4_000)
      const lines = linesOf(app)
      expect(lines.filter(({ level }) => level >= 40)).toEqual([
        expect.objectContaining({ broker: `127.0.0.1:${port}`, msg: 'a broker cannot be reached; trying again' }),
      ])
      expect(lines.slice(-2).map(({ msg, reason }) => [msg, reason])).toEqual([
        ['stopping', 'SIGTERM'],
        ['stopped before the start was done; nothing had been taken yet', 'SIGTERM'],
      ])
    },
  )
})

describe('a running process', () => {
  it('continues at SIGHUP and says that nothing is reloaded, and says why it stops', async () => {
    const app = await App.start('standalone', { dataDir: fresh() })
    app.process.signal('SIGHUP')
    await app.process.line(/SIGHUP: nothing is read again/)
    expect((await app.call('GET', '/livez')).status).toBe(200)
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    expect(linesOf(app).slice(-2)).toMatchObject([
      { msg: 'stopping', reason: 'SIGTERM' },
      { msg: 'stopped', reason: 'SIGTERM' },
    ])
  })

  it('lists its checks, and leaves out those that are excluded', async () => {
    const app = await App.start('standalone', { dataDir: fresh() })
    const names = async (path: string) =>
      (await app.call('GET', path)).json.checks.map(({ name }: { name: string }) => name)
    expect(await names('/livez?verbose')).toEqual(['aggregator', 'log', 'notifier', 'log'])
    expect(await names('/livez?verbose&exclude=log')).toEqual(['aggregator', 'notifier'])
    expect(await names('/readyz?verbose&exclude=log&exclude=notifier&exclude=unheard-of')).toEqual(['aggregator'])
    expect((await app.call('GET', '/livez?exclude=log')).json).toEqual({ status: 'ok' })
    await app.process.stop()
  })
})

describe('a start that finds', () => {
  let taken: Server | undefined
  afterEach(() => new Promise<void>((resolve) => (taken ? taken.close(() => resolve()) : resolve())))

  it.each<[string, (dir: string) => string, RegExp]>([
    [
      'an invalid log',
      (dir) => (
        mkdirSync(join(dir, 'log'), { recursive: true }),
        writeFileSync(join(dir, 'log', 'log.db'), 'none '.repeat(4_000)),
        dir
      ),
      /log\.db is no log or is damaged; nothing was changed\. Restore it from a backup/,
    ],
    [
      'a file in the place of its data directory',
      (dir) => (writeFileSync(dir, ''), dir),
      /is not a directory; nothing was changed\. Move it away, or set QUORATE_DATA_DIR/,
    ],
    [
      'a file above its data directory',
      (dir) => (writeFileSync(dir, ''), join(dir, 'below')),
      /because .* is not a directory; nothing was changed/,
    ],
    [
      'a directory in the place of its log',
      (dir) => (mkdirSync(join(dir, 'log', 'log.db'), { recursive: true }), dir),
      /log\.db is not a file; nothing was changed/,
    ],
    [
      'a directory in the place of its lock',
      (dir) => (mkdirSync(join(dir, 'aggregator', 'lock'), { recursive: true }), dir),
      /lock is not a file; nothing was changed/,
    ],
  ])('%s ends with 1, the place and what to do, and no stack', async (_, prepare, said) => {
    const app = await App.launch('standalone', { dataDir: prepare(fresh()) })
    expect((await app.process.exited).code).toBe(1)
    expect(app.process.output).toMatch(said)
    expect(app.process.output).not.toMatch(/^ +at .*\(/m)
  })

  it('its port in use reports it once', async () => {
    const [port] = await freePorts(1)
    await new Promise<void>((resolve) => (taken = createServer().listen(port, '127.0.0.1', resolve)))
    const app = await App.launch('standalone', { dataDir: fresh(), port: port! })
    expect((await app.process.exited).code).toBe(1)
    const told = app.process.stderr.filter((line) => /in use|EADDRINUSE/.test(line))
    expect(told).toEqual([`standalone: 127.0.0.1:${port} is in use. Stop what listens there, or set QUORATE_PORT.`])
  })

  it('invalid rows in the settings ignores them, and serves', async () => {
    const dataDir = fresh()
    const first = await App.start('standalone', { dataDir })
    await first.process.stop()
    const log = await openEmbeddedLog({ dir: join(dataDir, 'log') })
    const topic = 'quorate.settings'
    const values = ['null', '7', '"x"', '{"__proto__":null}', 'no JSON', Buffer.from([0xff, 0x00]), '['.repeat(50_000)]
    const keys = ['', '/', '__proto__', 'requests/k', 'requests/', 'dead-letters/0@0', 'dead-letters/x', 'unheard/of']
    await log.append(keys.flatMap((key) => values.map((value) => ({ topic, partition: 0, key, value }))))
    await log.append([
      { topic, partition: 0, key: null, value: '{}' },
      { topic, partition: 0, key: Buffer.from([0xff]), value: '{}' },
    ])
    await log.close()
    const app = await App.start('standalone', { dataDir })
    const report = { agent: 'a', object: 'x', state: 'up' }
    const answer = await app.call('POST', '/v1/reports', [report], { 'idempotency-key': 'k' })
    expect([answer.status, answer.text]).toEqual([202, expect.stringContaining('accepted')])
    expect((await app.call('GET', '/v1/dead-letters?all=true')).status).toBe(200)
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
  })
})
