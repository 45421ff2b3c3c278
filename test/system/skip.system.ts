import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../broker/ports'
import { audited } from './auditing'
import { ROOT, temporaryFolder } from './harness'
import { endAll, run, SystemProcess } from './process'
import { until } from './until'

jest.setTimeout(180_000)

/** An operator's own rule that kills the process, which no barrier inside the process can contain. */
const RULE = `
exports.lethal = (participants) => {
  if (participants.some(({ state }) => state === 'lethal')) process.kill(process.pid, 'SIGKILL')
  return { winner: participants[0].state, rule: 'lethal' }
}`
const SERVER = `
require('node:module').createRequire(${JSON.stringify(join(ROOT, 'package.json'))})('reflect-metadata')
const dist = ${JSON.stringify(join(ROOT, 'dist'))}
const { lethal } = require('./rules.cjs')
const { runServer } = require(dist + '/libs/http/src/index.js')
const { startStandalone } = require(dist + '/apps/standalone/src/bootstrap.js')
const rules = new Map([['lethal', lethal]])
runServer({ app: 'standalone', usage: '', start: (config) => startStandalone(config, { rules }) })`

describe('a record that kills every process', () => {
  const folder = temporaryFolder('skip')
  const dataDir = join(folder.path, 'data')
  let port: number
  beforeAll(async () => {
    writeFileSync(join(folder.path, 'rules.cjs'), RULE)
    writeFileSync(join(folder.path, 'server.cjs'), SERVER)
    port = (await freePorts(1))[0]!
  })
  afterAll(async () => {
    await endAll()
    folder.remove()
  })

  const start = () =>
    new SystemProcess(process.execPath, {
      args: [join(folder.path, 'server.cjs')],
      cwd: ROOT,
      env: { QUORATE_PORT: String(port), QUORATE_DATA_DIR: dataDir, QUORATE_LAUNCHER: '1', QUORATE_PARTITIONS: '1' },
      channel: true,
    })
  const url = () => `http://127.0.0.1:${port}`
  const ready = () => until('it is ready', async () => (await fetch(`${url()}/readyz`)).ok, 60_000)
  const send = async (method: string, path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    return fetch(`${url()}${path}`, { method, headers, body: JSON.stringify(body) })
  }
  const cli = (...args: string[]) =>
    run(process.execPath, { args: [join(ROOT, 'dist/apps/cli/src/main.js'), ...args], env: { QUORATE_URL: url() } })

  it('is skipped by an operator although no process stays up, and everything else counts', async () => {
    const first = start()
    await ready()
    expect((await send('PUT', '/v1/policies/p', { match: 'site/**', method: 'lethal' })).status).toBe(200)
    expect((await send('PUT', '/v1/objects/site%2Fx/reports/a?wait=10', { state: 'up' })).status).toBe(200)
    const written = await send('PUT', '/v1/objects/site%2Fx/reports/b', { state: 'lethal' })
    const position = ((await written.json()) as { position: string }).position
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' })
    // The next one dies at it, too.
    expect(await start().exited).toMatchObject({ signal: 'SIGKILL' })

    const early = await cli('skip', '0@100000', '--direct', '--data-dir', dataDir, '--reason', 'kills')
    expect([early.code, early.process.output]).toEqual([2, expect.stringContaining('ends at')])
    const skipped = await cli(
      'skip',
      position,
      '--direct',
      '--data-dir',
      dataDir,
      '--reason',
      'every process dies at it',
    )
    expect([skipped.code, skipped.process.output]).toEqual([
      0,
      expect.stringContaining(`${position} will be skipped by the next process that runs partition 0`),
    ])

    const second = start()
    await ready()
    expect((await send('PUT', '/v1/objects/site%2Fx/reports/c?wait=10', { state: 'up' })).status).toBe(200)
    const letters = (await (await fetch(`${url()}/v1/dead-letters`)).json()) as {
      items: { from: string; reason: string }[]
    }
    expect(letters.items).toEqual([
      expect.objectContaining({
        from: position,
        reason: expect.stringMatching(/^skipped by .+: every process dies at it$/),
      }),
    ])
    const again = await cli('skip', position, '--reason', 'once more')
    expect([again.code, again.process.output]).toEqual([0, expect.stringContaining(`${position} is skipped by`)])
    const late = await cli('skip', '0@0', '--reason', 'applied long ago')
    expect([late.code, late.process.output]).toEqual([1, expect.stringContaining('has been applied already')])

    expect(await second.stop()).toEqual({ code: 0, signal: null })
    expect(await audited({ dataDir, rules: join(folder.path, 'rules.cjs') })).toContain('was skipped')
  })
})
