import { spawnSync } from 'node:child_process'
import { describeKafka, kafkaTool } from '../broker'
import { KafkaCluster } from './cluster'
import type { App } from './harness'
import { run } from './process'
import { until } from './until'
import { WebhookReceiver } from './webhook-receiver'

const kcat = spawnSync('kcat', ['-V']).status === 0
const java = spawnSync('java', ['-version']).status === 0

describeKafka('two aggregators and a notifier on a real Kafka', () => {
  let cluster: KafkaCluster
  let receiver: WebhookReceiver
  let aggregators: App[]
  let notifier: App

  beforeAll(async () => {
    receiver = await WebhookReceiver.start()
    cluster = new KafkaCluster()
    aggregators = await Promise.all([cluster.start('aggregator', 'one'), cluster.start('aggregator', 'two')])
    notifier = await cluster.start('notifier', 'notifier', { env: receiver.settings })
    await aggregators[0]!.client.putPolicy('long', { match: '**', ttl: 3600 })
    await cluster.caughtUp(aggregators[1]!)
  }, 120_000)
  afterAll(async () => {
    await cluster?.close()
    await receiver?.close()
  }, 60_000)

  /** Both instances return the same, whichever owns the object. */
  async function agreed(object: string, state: string): Promise<void> {
    for (const { client } of aggregators)
      await until(`${object} is ${state} at ${client.url}`, async () => (await client.get(object)).view.state === state)
    const answers = await Promise.all(
      aggregators.map((app) => app.call('GET', `/v1/objects/${encodeURIComponent(object)}`)),
    )
    expect(answers[0]!.text).toBe(answers[1]!.text)
    expect(answers[0]!.headers.get('quorate-owner')).toBe(answers[1]!.headers.get('quorate-owner'))
  }

  ;(java ? it : it.skip)('takes reports of the Java console producer: key and value, nothing else', async () => {
    const lines = ['a=up', 'b=down', 'c=down']
      .map((it) => it.split('='))
      .map(([agent, state]) => `site/java|{"agent":"${agent}","state":"${state}"}`)
    await kafkaTool(
      'org.apache.kafka.tools.ConsoleProducer',
      [
        '--bootstrap-server',
        cluster.brokers.join(','),
        '--topic',
        cluster.topics.reports,
        '--reader-property',
        'parse.key=true',
        '--reader-property',
        'key.separator=|',
      ],
      `${lines.join('\n')}\n`,
    )
    await agreed('site/java', 'down')
    await receiver.told('site/java', 'down')
  })
  ;(kcat ? it : it.skip)(
    'takes reports of kcat, whose partitioner is another, without splitting the vote',
    async () => {
      const objects = Array.from({ length: 20 }, (_, i) => `site/kcat-${i}`)
      const lines = objects.flatMap((object) =>
        ['a', 'b', 'c'].map((agent) => `${object}|{"agent":"${agent}","state":"down"}`),
      )
      const { code, process: cat } = await run('kcat', {
        args: ['-P', '-b', cluster.brokers.join(','), '-t', cluster.topics.reports, '-K', '|'],
        input: `${lines.join('\n')}\n`,
      })
      expect([code, cat.stderr]).toEqual([0, []])
      for (const object of objects) {
        await agreed(object, 'down')
        const { client } = aggregators[0]!
        await until(`all three count for ${object}`, async () => (await client.get(object)).view.participants === 3)
      }
      const metrics = await Promise.all(aggregators.map((app) => app.call('GET', '/metrics')))
      const rerouted = metrics.map(({ text }) => Number(/^quorate_rerouted_total\S* (\d+)$/m.exec(text)?.[1]))
      expect(rerouted[0]! + rerouted[1]!).toBeGreaterThan(0)
    },
  )

  it('serves every object at every instance, lists included', async () => {
    await aggregators[0]!.client.reportAll(
      Array.from({ length: 100 }, (_, i) => ({ object: `list/${i}`, agent: 'a', state: 'up' })),
    )
    for (const { client } of aggregators) {
      await cluster.caughtUp(aggregators[0]!)
      const page = await client.page({ prefix: 'list/', limit: 200 })
      expect([page.complete, page.items.length]).toEqual([true, 100])
    }
  })

  it('accepts writes at the instance that does not own the object, and reads its own write', async () => {
    for (const [i, { client }] of aggregators.entries()) {
      const object = `write/${i}`
      await client.report(object, 'a', { state: 'up' }, { wait: 10 })
      const { view } = await client.setOverride(object, {
        state: 'down',
        reason: 'by hand',
        expiresAt: Date.now() + 60_000,
      })
      expect(view).toMatchObject({ state: 'down', voted: 'up' })
      expect((await aggregators[1 - i]!.client.get(object)).view).toEqual(view)
      await receiver.told(object, 'down')
      await client.delete(object)
      await expect(aggregators[1 - i]!.client.get(object)).rejects.toMatchObject({ code: 'not-found' })
    }
  })

  it('notifies nobody twice, and every signature is valid', () => {
    const versions = receiver.deliveries.map(({ object, type, version }) => `${object} ${type} ${version}`)
    expect(new Set(receiver.deliveries.map(({ id }) => id)).size).toBe(receiver.deliveries.length)
    expect(versions.length).toBeGreaterThan(20)
    expect(receiver.forged).toEqual([])
  })

  it('still matches the source', async () => {
    await cluster.audited(aggregators[1]!)
  })

  it('stops cleanly', async () => {
    for (const app of [...aggregators, notifier]) expect(await app.process.stop()).toEqual({ code: 0, signal: null })
  })
})
