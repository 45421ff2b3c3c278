import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import type { Log } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { CASE_RULES } from '@quorate/vote/testing'
import { type Standalone, startStandalone } from './bootstrap'

let log: Log
let running: Standalone | undefined

const start = async (rules = new Map() as typeof CASE_RULES): Promise<void> => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent']
  running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), { log, rules })
  while ((await ask('GET', '/readyz')).status !== 200) await new Promise(setImmediate)
}
const stop = async (): Promise<void> => {
  await running?.close()
  running = undefined
}
const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${running!.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()

  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
}
const OVEN = '/v1/objects/oven%2F1'

beforeEach(async () => (log = await openEmbeddedLog({ memory: true })))
afterEach(async () => {
  await stop()
  await log.close()
}, 20_000)

it('starts without a rule that a policy names, says so everywhere, and goes on when it is back', async () => {
  await start(CASE_RULES)
  expect((await ask('PUT', '/v1/policies/ovens', { match: 'oven/*', method: 'moody', quorum: 1 })).status).toBe(200)
  expect((await ask('PUT', `${OVEN}/reports/a?wait=9s`, { state: 'up' })).body).toMatchObject({ state: 'up' })
  await stop()

  await start()
  const reported = await ask('PUT', `${OVEN}/reports/a?wait=9s`, { state: 'up' })
  expect(reported).toMatchObject({ status: 200, body: { state: 'up', stale: true, rule: null, policy: 'ovens' } })
  const explained = await ask('GET', `${OVEN}/explanation`)
  expect(explained.body).toMatchObject({
    margin: null,
    next: 'rule-asked-again',
    ruleFault: { reason: 'rule-not-registered', method: 'moody', since: expect.stringMatching(/^20/) },
  })
  const health = await ask('GET', '/readyz?verbose')
  expect(health.status).toBe(200)
  const [aggregator] = health.body.checks.filter(({ name }: { name: string }) => name === 'aggregator')
  expect(aggregator.conditions).toContainEqual(
    expect.objectContaining({ code: 'rule-not-registered', subject: 'ovens', blocks: [] }),
  )
  expect((await ask('GET', '/metrics')).text).toMatch(/quorate_rule_held_objects\{[^}]*policy="ovens"[^}]*\} 1/)
  const refused = await ask('PUT', '/v1/policies/more', { match: 'x/*', method: 'maximum2' })
  expect(refused.status).toBe(422)
  expect(refused.body.errors).toEqual([{ pointer: '/method', detail: 'unknown method; known here: majority, ordered' }])
  expect((await ask('GET', '/v1/policies/ovens')).status).toBe(200)
  await stop()

  await start(CASE_RULES)
  const again = await ask('PUT', `${OVEN}/reports/a?wait=9s`, { state: 'up' })
  expect(again.body).toMatchObject({ state: 'up', stale: false, rule: 'moody' })
  expect((await ask('GET', `${OVEN}/explanation`)).body.ruleFault).toBeNull()
}, 60_000)

it('deletes a policy whose rule is not there', async () => {
  await start(CASE_RULES)
  await ask('PUT', '/v1/policies/ovens', { match: 'oven/*', method: 'moody', quorum: 1 })
  await ask('PUT', `${OVEN}/reports/a?wait=9s`, { state: 'up' })
  await stop()
  await start()
  expect((await ask('DELETE', '/v1/policies/ovens')).status).toBe(204)
  const reported = await ask('PUT', `${OVEN}/reports/a?wait=9s`, { state: 'down' })
  expect(reported.body).toMatchObject({ state: 'down', rule: 'majority', policy: 'default' })
}, 60_000)
