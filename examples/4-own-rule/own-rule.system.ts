import { QuorateClient } from '@quorate/client'
import { freePorts } from '../../test/broker/ports'
import { ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, SystemProcess } from '../../test/system/process'

const folder = temporaryFolder('example-4')
afterAll(async () => {
  await endAll()
  folder.remove()
})

it('serves with a rule of its own, which a policy names', async () => {
  const [port] = await freePorts(1)
  const env = { QUORATE_DATA_DIR: folder.path, QUORATE_PORT: String(port) }
  const server = new SystemProcess('npm', { args: ['run', '-s', 'example', '--', '4-own-rule'], cwd: ROOT, env })
  await server.line(/listens on http/)
  const client = new QuorateClient({ url: `http://127.0.0.1:${port}`, retries: 20 })
  await client.putPolicy('ovens', { match: 'oven/*', method: 'maximum', quorum: 1 })
  for (const [agent, state] of [
    ['a', '20'],
    ['b', '20'],
    ['c', '180.5'],
  ] as const)
    // prettier-ignore
    await client.report('oven/1', agent, { state }, { wait: 5 })
  const { view } = await client.get('oven/1')
  expect([view.state, view.rule, view.policy]).toEqual(['180.5', 'maximum', 'ovens'])
}, 60_000)
