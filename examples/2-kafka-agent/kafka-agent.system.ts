import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describeKafka } from '../../test/broker'
import { KafkaCluster } from '../../test/system/cluster'
import { type App, ROOT, temporaryFolder } from '../../test/system/harness'
import { run } from '../../test/system/process'
import { until } from '../../test/system/until'

const HERE = join(ROOT, 'examples/2-kafka-agent')
const python = spawnSync('python3', ['-m', 'venv', '--help']).status === 0

describeKafka('agents that write to Kafka', () => {
  const folder = temporaryFolder('example-2')
  let cluster: KafkaCluster
  let app: App
  beforeAll(async () => {
    cluster = new KafkaCluster()
    app = await cluster.start('aggregator', 'one')
  }, 90_000)
  afterAll(async () => {
    await cluster?.close()
    folder.remove()
  }, 60_000)

  const env = () => ({ KAFKA_BROKERS: cluster.brokers.join(','), TOPIC_PREFIX: cluster.prefix })
  const becomes = (object: string, state: string, participants: number) =>
    until(`${object} is ${state} by ${participants}`, async () => {
      const { view } = await app.client.get(object)
      return view.state === state && view.participants === participants
    })

  it('with kafkajs', async () => {
    for (const agent of ['js-1', 'js-2']) {
      const { code, process: it } = await run(process.execPath, {
        args: [join(HERE, 'agent.cjs'), 'site/js', 'down', agent],
        env: env(),
      })
      expect([code, it.stdout]).toEqual([
        0,
        [expect.stringMatching(`^${agent} says site/js is down: ${cluster.topics.reports} \\d@\\d+$`)],
      ])
    }
    await becomes('site/js', 'down', 2)
  })
  ;(python ? it : it.skip)(
    'with confluent-kafka, in whatever partition it puts them',
    async () => {
      const venv = join(folder.path, 'venv')
      expect((await run('python3', { args: ['-m', 'venv', venv] })).code).toBe(0)
      const pip = await run(join(venv, 'bin/pip'), {
        args: ['install', '-q', '--disable-pip-version-check', '-r', join(HERE, 'requirements.txt')],
      })
      expect([pip.code, pip.process.stderr]).toEqual([0, []])
      const objects = Array.from({ length: 6 }, (_, i) => `site/py-${i}`)
      for (const object of objects)
        for (const agent of ['py-1', 'py-2', 'py-3']) {
          const state = agent === 'py-1' ? 'up' : 'down'
          const { code, process: it } = await run(join(venv, 'bin/python'), {
            args: [join(HERE, 'agent.py'), object, state, agent, '2'],
            env: env(),
          })
          expect([code, it.stderr, it.stdout.length]).toEqual([0, [], 2])
        }
      for (const object of objects) await becomes(object, 'down', 3)
      const { text } = await app.call('GET', '/metrics')
      expect(Number(/^quorate_rerouted_total\S* (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0)
    },
    180_000,
  )

  it('what they wrote is kept as the source says', async () => {
    await cluster.audited(app)
  })
})
