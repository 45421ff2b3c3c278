import { QuorateClient } from '@quorate/client'
import { join } from 'node:path'
import { freePorts } from '../../test/broker/ports'
import { audited } from '../../test/system/auditing'
import { ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, run, SystemProcess } from '../../test/system/process'

const folder = temporaryFolder('example-4')
const RULES = join(ROOT, 'dist/examples/4-own-rule/maximum.js')
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
  await server.stop()
  expect(await audited({ dataDir: folder.path, rules: RULES })).toMatch(/^SAME .* 1 objects/)
}, 120_000)

it('simulates with it, too', async () => {
  const report = (agent: string, state: string) =>
    `${JSON.stringify({ at: 0, object: 'oven/1', type: 'report', data: { agent, state } })}\n`
  const policy = { at: 0, type: 'policy-set', data: { name: 'ovens', match: 'oven/*', method: 'maximum', quorum: 1 } }
  const { code, process: cli } = await run(process.execPath, {
    args: [join(ROOT, 'dist/apps/cli/src/main.js'), 'simulate', '--rules', RULES],
    input: `${JSON.stringify(policy)}\n${report('a', '20')}${report('b', '9')}${report('c', '180.5')}`,
  })
  const states = cli.stdout.map((line) => (JSON.parse(line) as { event: { data: { state: string } } }).event.data.state)
  expect([code, cli.stderr, states]).toEqual([0, [], ['20', '180.5']])
}, 60_000)
