import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../test/broker/ports'
import { App, ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, SystemProcess } from '../../test/system/process'

const folder = temporaryFolder('example-5')
afterAll(async () => {
  await endAll()
  folder.remove()
})

it('tells programs at once and people in one mail, by the file', async () => {
  const [mailPort, hookPort] = (await freePorts(2)) as [number, number]
  const secret = `whsec_${Buffer.from('a secret of the example').toString('base64')}`
  const ports = { MAIL_PORT: String(mailPort), HOOK_PORT: String(hookPort) }
  const env = { QUORATE_SECRET_HOOK: secret, ...ports }
  const receivers = new SystemProcess('npm', { args: ['run', '-s', 'example', '--', '5-tell-people'], cwd: ROOT, env })
  await receivers.line(/takes mail/)
  const config = join(folder.path, 'quorate.yaml')
  const written = readFileSync(join(__dirname, 'quorate.yaml'), 'utf8')
  writeFileSync(config, written.replace('2525', String(mailPort)).replace(':9099/', `:${hookPort}/`))
  const app = await App.start('standalone', {
    dataDir: join(folder.path, 'data'),
    env: { QUORATE_CONFIG: config, QUORATE_SECRET_HOOK: secret },
  })
  for (const [object, state] of [
    ['site/x', 'down'],
    ['site/y', 'down'],
    ['site/z', 'down'],
    ['site/z', 'up'],
  ] as const)
    await app.client.report(object, 'probe-1', { state }, { wait: 5 })
  await receivers.line(/^webhook msg_\S+: site\/x new → down$/)
  await receivers.line(/^webhook msg_\S+: site\/z down → up$/)
  await receivers.line(/^mail to ann@example\.com, bob@example\.com: \[group\] site\/x, site\/y are down$/)
  await receivers.line(/ \| - \d\d:\d\d:\d\d site\/x is down/)
  await app.client.report('site/x', 'probe-1', { state: 'up' }, { wait: 5 })
  await receivers.line(/^mail to .*: \[(change|group)\] .*up$/)
  const said = receivers.stdout.join('\n')
  expect(said).not.toContain('refused')
  expect(said).not.toMatch(/ \| .*site\/z/)
  expect(await app.process.stop()).toEqual({ code: 0, signal: null })
}, 90_000)
