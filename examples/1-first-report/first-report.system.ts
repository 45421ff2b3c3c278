import { join } from 'node:path'
import { audited } from '../../test/system/auditing'
import { App, ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, run } from '../../test/system/process'

const folder = temporaryFolder('example-1')
afterAll(async () => {
  await endAll()
  folder.remove()
})

it('a first report, with curl: two of three decide, an operator overrides, and forgets', async () => {
  const app = await App.start('standalone', { dataDir: folder.path })
  const { code, process: script } = await run('sh', {
    args: [join(ROOT, 'examples/1-first-report/run.sh')],
    env: { QUORATE_URL: app.url },
  })
  const json = script.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  expect({ code, stderr: script.stderr }).toEqual({ code: 0, stderr: [] })
  expect(json).toEqual([
    expect.objectContaining({ object: 'site/x', state: 'down', tally: { down: 2, up: 1 } }),
    expect.objectContaining({ winner: 'down', participants: 3, margin: 1 }),
    expect.objectContaining({
      state: 'up',
      voted: 'down',
      divergent: true,
      override: expect.objectContaining({ reason: 'known, harmless' }),
    }),
  ])
  expect(script.stdout.at(-1)).toBe('GET now answers 404')
  for (const told of [/site\/x .*down/, /site\/x .*known, harmless/, /site\/x .*gone/]) await app.process.line(told)
  expect(await app.process.stop()).toEqual({ code: 0, signal: null })
  await audited({ dataDir: app.dataDir })
}, 90_000)
