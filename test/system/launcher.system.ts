import { createServer } from 'node:net'
import { join } from 'node:path'
import { audited } from './auditing'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run, SystemProcess } from './process'
import { until } from './until'

const folder = temporaryFolder('launcher')
let last = 0
/** A new data directory, without a process that may still be ending. */
const fresh = () => join(folder.path, String(last++))
afterAll(async () => {
  await endAll()
  folder.remove()
})

/** True when nothing listens there any more. */
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

describe('npm start', () => {
  const start = () => App.start('standalone', { by: 'npm', dataDir: fresh() })

  it('prints nothing of its own on stdout, which belongs to the notifier', async () => {
    const app = await start()
    await app.client.report('site/x', 'a', { state: 'down' }, { wait: 5 })
    await app.process.line(/site\/x .* → down/)
    const said = app.process.stdout.filter((line) => line !== '' && !line.startsWith('> '))
    expect(said).toEqual([expect.stringContaining('site/x')])
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    expect(await isFree(app.port)).toBe(true)
    await audited({ dataDir: app.dataDir })
  })

  it.each(['npm', 'the launcher'])('leaves no process behind that holds the port when %s is killed', async (who) => {
    const app = await start()
    const [launcher, server] = app.process.descendants()
    expect([launcher, server]).toEqual([expect.any(Number), app.servingPid()])
    process.kill(who === 'npm' ? app.process.pid : launcher!, 'SIGKILL')
    await until('the port is free', () => isFree(app.port), 20_000)
    await audited({ dataDir: app.dataDir })
  })

  it('stops when the server is killed, and shows it in its exit code', async () => {
    const app = await start()
    await app.crash()
    expect((await app.process.exited).code).toBe(128 + 9)
    await audited({ dataDir: app.dataDir })
  })
})

describe('an impossible start', () => {
  const npm = (script: string, env: Record<string, string>, ...more: string[]) =>
    run('npm', { args: ['run', '-s', script, ...more], cwd: ROOT, env: { QUORATE_DATA_DIR: fresh(), ...env } })

  it.each([
    ['start', { QUORATE_PROT: '1' }, /QUORATE_PROT is no setting. Did you mean QUORATE_PORT\?/],
    ['start', { QUORATE_PORT: 'http' }, /QUORATE_PORT is "http"; it must be/],
    ['start', { QUORATE_HOST: '0.0.0.0' }, /QUORATE_API_KEY/],
    ['start', { QUORATE_APPLICATION_ID: 'x' }, /QUORATE_APPLICATION_ID is refused by standalone/],
    ['aggregator', {}, /KAFKA_BROKERS/],
    ['notifier', { QUORATE_LOG: 'embedded' }, /needs Kafka/],
    [
      'aggregator',
      { KAFKA_BROKERS: 'localhost:1', QUORATE_HOST: '127.0.0.1', QUORATE_ADVERTISED_URL: 'http://other:1' },
      /QUORATE_CLUSTER_SECRET/,
    ],
  ] as [string, Record<string, string>, RegExp][])(
    'npm run %s with %j ends with 1 and says why',
    async (script, env, reason) => {
      const { code, process: it } = await npm(script, env)
      expect([code, it.stdout]).toEqual([1, []])
      expect(it.stderr.join('\n')).toMatch(reason)
    },
  )

  it('prints every setting with --help', async () => {
    const { code, process: it } = await npm('start', {}, '--', '--help')
    expect(code).toBe(0)
    expect(it.stdout.join('\n')).toMatch(/QUORATE_PORT[\s\S]*QUORATE_WEBHOOK_URL/)
  })

  it('refuses a second process on the same data, and does not disturb the first', async () => {
    const dataDir = fresh()
    const app = await App.start('standalone', { dataDir })
    const second = await App.launch('standalone', { dataDir })
    expect((await second.process.exited).code).toBe(1)
    expect(second.process.output).toMatch(/another process/)
    expect((await app.call('GET', '/readyz')).status).toBe(200)
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    await audited({ dataDir })
  })
})

describe('npm run -s quorate -- simulate', () => {
  it('streams stdin to stdout, and nothing else is on stdout', async () => {
    const lines = 200_000
    const it = new SystemProcess('npm', { args: ['run', '-s', 'quorate', '--', 'simulate'], cwd: ROOT })
    for (let i = 0; i < lines; i += 1000) {
      const chunk = Array.from({ length: 1000 }, (_, k) => {
        const n = i + k
        const data = `{"agent":"a${n % 3}","state":"${n % 7 < 4 ? 'up' : 'down'}"}`
        return `{"at":${n},"object":"site/${n % 500}","type":"report","data":${data}}\n`
      }).join('')
      if (!it.stdin.write(chunk)) await new Promise((drained) => it.stdin.once('drain', drained))
    }
    it.stdin.end()
    expect(await it.exited).toEqual({ code: 0, signal: null })
    expect(it.stdout.length).toBeGreaterThan(10_000)
    expect(it.stdout.every((line) => line.startsWith('{"event":{'))).toBe(true)
  })
})
