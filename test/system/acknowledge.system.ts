import { join } from 'node:path'
import { topicRules } from '@quorate/contracts'
import type { TopicSpec } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run } from './process'
import { until } from './until'

jest.setTimeout(180_000)

const SOURCE = topicRules.reports('quorate.reports', 1)
const SINK = topicRules.states('quorate.states', 1)

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
  const report = async ({ client }: App, state: string, object = 'site/x') =>
    client.report(object, 'a', { state }, { wait: 10 })

  /** Like an operator's mistake: the topic is deleted, and created again with its settings. */
  async function recreate(topic: TopicSpec): Promise<string> {
    const log = await openEmbeddedLog({ dir: join(dataDir, 'log') })
    const before = await log.describeTopic(topic.name)
    await log.deleteTopic(topic.name)
    await until('the topic is gone', async () => (await log.describeTopic(topic.name)) === undefined)
    await log.ensureTopics([topic])
    const { id } = (await log.describeTopic(topic.name))!
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
    await report(first, 'down')
    await first.process.stop()
    const topic = await recreate(SOURCE)

    const second = await App.launch('standalone', { dataDir, env })
    await waiting(second)
    const other = await cli(second.url, 'acknowledge-source', '0', '--topic', 'another', '--yes')
    expect(other.code).not.toBe(0)
    await waiting(second)
    const done = await cli(second.url, 'acknowledge-source', '--yes')
    expect([done.code, done.process.output]).toEqual([0, expect.stringContaining(`with the topic ${topic}`)])
    await second.ready()
    expect((await second.client.get('site/x')).view).toMatchObject({ state: 'down' })
    await report(second, 'up')
    expect((await second.client.get('site/x')).view).toMatchObject({ state: 'up' })
    const idle = await cli(second.url, 'acknowledge-source', '--yes')
    expect([idle.code, idle.process.output]).toEqual([0, expect.stringContaining('no partition waits')])
    await second.process.stop()
  })

  it('can be acknowledged while nothing runs, and the next start continues', async () => {
    const topic = await recreate(SOURCE)
    const done = await cli('http://127.0.0.1:1', 'acknowledge-source', '--direct', '--data-dir', dataDir, '--yes')
    expect([done.code, done.process.output]).toEqual([0, expect.stringContaining(`noted for ${topic}`)])
    const third = await App.start('standalone', { dataDir, env })
    expect((await third.client.get('site/x')).view).toMatchObject({ state: 'up' })
    await report(third, 'down')
    expect((await third.client.get('site/x')).view).toMatchObject({ state: 'down' })
    expect(await third.process.stop()).toEqual({ code: 0, signal: null })
  })

  const notified = async ({ url }: App) => {
    const { items } = (await (await fetch(`${url}/v1/deliveries?object=site/y`)).json()) as {
      items: { state: string; decision: string }[]
    }
    return items.map(({ state, decision }) => `${state} ${decision}`)
  }

  it('and so does the sink, for the notifier', async () => {
    const first = await App.start('standalone', { dataDir, env })
    await report(first, 'down', 'site/y')
    await until('it is notified', async () => (await notified(first)).includes('down sent'))
    await first.process.stop()
    const topic = await recreate(SINK)

    const second = await App.launch('standalone', { dataDir, env })
    await waiting(second)
    const done = await cli(second.url, 'acknowledge-source', '--notifier', '--yes')
    expect([done.code, done.process.output]).toEqual([0, expect.stringContaining(`with the topic ${topic}`)])
    await second.ready()
    await report(second, 'odd', 'site/y')
    await until('the change after it is notified', async () => (await notified(second)).includes('odd sent'))
    await second.process.stop()
  })
})
