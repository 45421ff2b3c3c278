import { join } from 'node:path'
import { topicRules } from '@quorate/contracts'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run } from './process'
import { until } from './until'

jest.setTimeout(180_000)

const SOURCE = 'quorate.reports'

describe('a source that was created again while nothing ran', () => {
  const folder = temporaryFolder('acknowledge')
  const dataDir = join(folder.path, 'data')
  const env = { QUORATE_PARTITIONS: '1' }
  afterAll(async () => {
    await endAll()
    folder.remove()
  })

  const cli = (url: string, ...args: string[]) =>
    run(process.execPath, { args: [join(ROOT, 'dist/apps/cli/src/main.js'), ...args], env: { QUORATE_URL: url } })
  const report = async ({ client }: App, agent: string, state: string) =>
    client.report('site/x', agent, { state }, { wait: 10 })

  /** Like an operator's mistake: the topic is deleted, and created again with its settings. */
  async function recreateSource(): Promise<string> {
    const log = await openEmbeddedLog({ dir: join(dataDir, 'log') })
    const before = await log.describeTopic(SOURCE)
    await log.deleteTopic(SOURCE)
    await until('the topic is gone', async () => (await log.describeTopic(SOURCE)) === undefined)
    await log.ensureTopics([topicRules.reports(SOURCE, 1)])
    const { id } = (await log.describeTopic(SOURCE))!
    await log.close()
    expect(id).not.toBe(before!.id)
    return id
  }

  async function waiting(app: App): Promise<string> {
    let health = ''
    await until('the partition waits', async () => {
      health = await (await fetch(`${app.url}/readyz?verbose`)).text()
      return health.includes('STREAMS_SOURCE_REPLACED')
    })
    return health
  }

  it('waits for the operator, who acknowledges it on the command line', async () => {
    const first = await App.start('standalone', { dataDir, env })
    await report(first, 'a', 'down')
    await first.process.stop()
    const topic = await recreateSource()

    const second = await App.launch('standalone', { dataDir, env })
    await waiting(second)
    const other = await cli(second.url, 'acknowledge-source', '0', '--topic', 'another', '--yes')
    expect(other.code).not.toBe(0)
    await waiting(second)
    const done = await cli(second.url, 'acknowledge-source', '--yes')
    expect([done.code, done.process.output]).toEqual([0, expect.stringContaining(`with the topic ${topic}`)])
    await second.ready()
    expect((await second.client.get('site/x')).view).toMatchObject({ state: 'down' })
    await report(second, 'a', 'up')
    expect((await second.client.get('site/x')).view).toMatchObject({ state: 'up' })
    const idle = await cli(second.url, 'acknowledge-source', '--yes')
    expect([idle.code, idle.process.output]).toEqual([0, expect.stringContaining('no partition waits')])
    await second.process.stop()
  })

  it('can be acknowledged while nothing runs, and the next start continues', async () => {
    const topic = await recreateSource()
    const done = await cli('http://127.0.0.1:1', 'acknowledge-source', '--direct', '--data-dir', dataDir, '--yes')
    expect([done.code, done.process.output]).toEqual([0, expect.stringContaining(`noted for ${topic}`)])
    const third = await App.start('standalone', { dataDir, env })
    expect((await third.client.get('site/x')).view).toMatchObject({ state: 'up' })
    await report(third, 'a', 'down')
    expect((await third.client.get('site/x')).view).toMatchObject({ state: 'down' })
    expect(await third.process.stop()).toEqual({ code: 0, signal: null })
  })
})
