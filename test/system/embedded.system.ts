import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { audited } from './auditing'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'
import { WebhookReceiver } from './webhook-receiver'

const X = '/v1/objects/site%2Fx'

describe('npm start: everything in one process on the embedded log', () => {
  const folder = temporaryFolder('embedded')
  let receiver: WebhookReceiver
  let app: App
  const start = async () =>
    (app = await App.start('standalone', { by: 'npm', dataDir: folder.path, env: receiver.settings }))
  const report = (agent: string, state: string) =>
    app.call('PUT', `${X}/reports/${agent}?wait=5s`, { state, ttl: 600_000 })

  beforeAll(async () => {
    receiver = await WebhookReceiver.start()
    await start()
    await app.call('PUT', '/v1/policies/long', { match: '**', ttl: 3600 })
  }, 120_000)
  afterAll(async () => {
    await endAll()
    await receiver?.close()
    folder.remove()
  })

  it('decides by majority, explains it, and notifies by signed webhook', async () => {
    await report('agent-1', 'up')
    await report('agent-2', 'down')
    const { json } = await report('agent-3', 'down')
    expect(json).toMatchObject({
      object: 'site/x',
      state: 'down',
      from: 'up',
      cause: 'vote',
      tally: { down: 2, up: 1 },
    })
    const explained = (await app.call('GET', `${X}/explanation`)).json
    expect(explained).toMatchObject({
      tally: { down: 2, up: 1 },
      participants: 3,
      quorum: 2,
      winner: 'down',
      margin: 1,
    })
    expect(explained.agents.map((it: { agent: string; standing: string }) => [it.agent, it.standing])).toEqual([
      ['agent-1', 'counted'],
      ['agent-2', 'counted'],
      ['agent-3', 'counted'],
    ])
    await receiver.told('site/x', 'down')
    expect(receiver.forged).toEqual([])
  })

  it('lets an operator override: the state and the event change, the vote continues underneath', async () => {
    const override = { state: 'up', reason: 'known, harmless', expiresAt: new Date(Date.now() + 600_000).toISOString() }
    const { headers } = await app.call('GET', X)
    expect((await app.call('PUT', `${X}/override`, override)).status).toBe(428)
    const set = await app.call('PUT', `${X}/override`, override, { 'if-match': headers.get('etag')! })
    expect([set.status, set.json.state, set.json.voted, set.json.divergent]).toEqual([200, 'up', 'down', true])
    await receiver.told('site/x', 'up')
  })

  it('has all data after kill -9, and notifies nobody twice under a new id', async () => {
    const before = (await app.call('GET', X)).json
    const told = receiver.about('site/x')
    await app.crash()
    await start()
    expect((await app.call('GET', X)).json).toEqual(before)
    expect((await app.call('GET', `${X}/history`)).json.items.map((it: { state: string }) => it.state)).toEqual(
      expect.arrayContaining(['up', 'down']),
    )
    // Wait for a new change, which is sent after anything that is sent again.
    await app.call('PUT', '/v1/objects/after/reports/a?wait=5s', { state: 'down' })
    await receiver.told('after', 'down')
    const ids = new Set(receiver.about('site/x').map(({ id }) => id))
    expect(ids).toEqual(new Set(told.map(({ id }) => id)))
  }, 90_000)

  it('restores from its changelog when the stores are deleted, with the same responses and no new event', async () => {
    const objects = (await app.call('GET', '/v1/objects')).json.items
    const deliveries = receiver.deliveries.length
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    for (const store of ['aggregator', 'notifier']) rmSync(join(folder.path, store), { recursive: true })
    await start()
    expect((await app.call('GET', '/v1/objects')).json.items).toEqual(objects)
    expect(app.process.output).toMatch(/restor/i)
    await app.call('PUT', '/v1/objects/later/reports/a?wait=5s', { state: 'down' })
    await receiver.told('later', 'down')
    expect(receiver.deliveries.length).toBe(deliveries + 1)
  }, 90_000)

  it('forgets an object: 404, and a last message to those who were notified', async () => {
    const { headers } = await app.call('GET', X)
    expect((await app.call('DELETE', X, undefined, { 'if-match': headers.get('etag')! })).status).toBe(204)
    expect((await app.call('GET', X)).json).toMatchObject({ status: 404, code: 'not-found' })
    expect(await receiver.told('site/x', null)).toMatchObject({ type: 'object.deleted' })
  })

  it('stops cleanly on SIGTERM, sent to npm', async () => {
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    await expect(fetch(`${app.url}/livez`)).rejects.toThrow()
  })

  it('still matches the source after kill and restore', async () => {
    expect(await audited({ dataDir: folder.path })).toMatch(/^SAME .* changelog and sink match/)
  })
})
