import 'reflect-metadata'
import { type Config, loadConfig, Secret } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type Log, type OutRecord, partitionOf } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Receiver } from '../testing/receiver'
import { Sink } from '../testing/changes'
import { until } from '../testing/until'
import { startNotifier } from './bootstrap'
import type { Delivery } from '@quorate/contracts'

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

interface Answer {
  readonly items: readonly Delivery[]
  readonly next?: string
  readonly paths: object
}

describe('a notifier', () => {
  const dir = mkdtempSync(join(tmpdir(), 'notifier-'))
  const sink = new Sink()
  let receiver: Receiver
  let log: Log
  let running: Running
  const config = (): Config => ({
    ...loadConfig('standalone', {
      env: { QUORATE_PORT: '0', QUORATE_PARTITIONS: '2', QUORATE_LOG_LEVEL: 'silent' },
      readFile: none,
    }),
    app: 'notifier',
    applicationId: 'notifier',
    dataDir: dir,
    webhookUrl: receiver.url,
    webhookSecret: new Secret(SECRET),
  })
  const append = (...records: OutRecord[]) =>
    log.append(
      records.map((record) => ({ ...record, topic: 'quorate.states', partition: partitionOf(record.key!, 2) })),
    )
  const get = async <T = Answer>(path: string) => {
    const answer = await fetch(`${running.url}${path}`)
    return { status: answer.status, body: (await answer.json()) as T }
  }

  beforeAll(async () => {
    receiver = await Receiver.listen()
    log = await openEmbeddedLog({ memory: true })
    running = await startNotifier(config(), { log })
  })
  afterAll(async () => {
    await running.close()
    await log.close()
    await receiver.close()
    rmSync(dir, { recursive: true })
  })

  it('tells a webhook and answers who was told', async () => {
    await append(sink.changed('site/x', 'down', Date.now()))
    const { body, headers } = await receiver.next()
    expect(body).toMatchObject({ type: 'object.changed', data: { object: 'site/x', state: 'down', previous: null } })
    await until(
      () => get('/v1/deliveries?object=site%2Fx'),
      ({ body: { items } }) => items[0]?.status === 'delivered',
    )
    const { body: page } = await get('/v1/deliveries?object=site%2Fx')
    expect(page).toMatchObject({
      complete: true,
      missing: [],
      items: [{ id: headers['webhook-id'], decision: 'sent', receiver: 'webhook', attempts: 1 }],
    })
  })

  it('lists newest first, in pages, with filters', async () => {
    for (let i = 0; i < 5; i++) await append(sink.changed(`o${i}`, 'up', Date.now()))
    for (let i = 0; i < 5; i++) await receiver.next()
    const seen: Delivery[] = []
    for (let cursor = ''; ;) {
      const { body } = await get(`/v1/deliveries?limit=2${cursor}`)
      seen.push(...body.items)
      if (!body.next) break
      cursor = `&cursor=${body.next}`
    }
    expect(seen.map((item) => item.object).sort()).toEqual(['o0', 'o1', 'o2', 'o3', 'o4', 'site/x'])
    const times = seen.map((item) => item.decidedAt)
    expect(times).toEqual([...times].sort().reverse())
    expect((await get('/v1/deliveries?status=suppressed')).body.items).toEqual([])
    expect((await get('/v1/deliveries?receiver=webhook&limit=1')).body.items).toHaveLength(1)
  })

  it('refuses what it does not know', async () => {
    expect(await get('/v1/deliveries?stat=sent')).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(await get('/v1/deliveries?status=maybe')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/query/status' }] },
    })
    expect((await get('/v1/deliveries?cursor=abc')).status).toBe(400)
  })

  it('redrives and drops dead letters under their id', async () => {
    receiver.answer = () => ({ status: 400, body: 'no' })
    await append(sink.changed('site/y', 'down', Date.now()))
    const first = await receiver.next()
    const id = first.headers['webhook-id'] as string
    const dead = () => get('/v1/deliveries?status=dead')
    await until(dead, ({ body: { items } }) => items.length === 1)
    expect((await dead()).body.items[0]).toMatchObject({
      id,
      reason: 'http-400',
      lastAttempt: { status: 400, excerpt: 'no' },
    })
    const post = (path: string, method = 'POST') =>
      fetch(`${running.url}/v1/deliveries/${path}`, { method }).then((answer) => answer.status)
    expect(await post(`${id}/redrive`)).toBe(204)
    expect((await receiver.next()).headers['webhook-id']).toBe(id)
    await until(dead, ({ body: { items } }) => items.length === 1)
    expect(await post(id, 'DELETE')).toBe(204)
    expect(await post(id, 'DELETE')).toBe(404)
    expect(await post(`${id}/redrive`)).toBe(404)
    expect((await get('/v1/deliveries?status=dropped')).body.items).toMatchObject([{ id }])
  })

  it('shows its receivers without a secret', async () => {
    const { body } = await get('/v1/receivers')
    expect(body.items).toMatchObject([
      {
        name: 'webhook',
        fallback: 'console',
        endpoints: [{ settings: { origin: new URL(receiver.url).origin, signed: true } }],
      },
      { name: 'console' },
    ])
    expect(JSON.stringify(body)).not.toContain('C2FVsBQ')
    expect(JSON.stringify(body)).not.toContain('hook?token')
  })

  it('is live, ready, measured and described', async () => {
    expect((await get('/readyz')).status).toBe(200)
    expect((await get('/livez')).status).toBe(200)
    const metrics = await (await fetch(`${running.url}/metrics`)).text()
    expect(metrics).toContain('quorate_notifier_decisions_total{decision="sent",reason="sent",app="notifier"} 7')
    expect(Object.keys((await get('/openapi.json')).body.paths)).toEqual(
      expect.arrayContaining(['/v1/deliveries', '/v1/receivers', '/v1/deliveries/{id}/redrive']),
    )
  })
})

function none(): never {
  throw Object.assign(new Error('no file'), { code: 'ENOENT' })
}
