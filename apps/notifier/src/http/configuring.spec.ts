import 'reflect-metadata'
import { type Config, loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type Log, type OutRecord, partitionOf } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sink } from '../../testing/changes'
import { Receiver } from '../../testing/receiver'
import { until } from '../../testing/until'
import { startNotifier } from '../bootstrap'

type Json = Record<string, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- answers of any shape

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

describe('the configuration by REST', () => {
  const dir = mkdtempSync(join(tmpdir(), 'notifier-'))
  const sink = new Sink()
  let receiver: Receiver
  let log: Log
  let running: Running
  const config = (): Config => ({
    ...loadConfig('standalone', {
      env: { QUORATE_SECRETS_DIR: dir, QUORATE_PORT: '0', QUORATE_PARTITIONS: '2', QUORATE_LOG_LEVEL: 'silent' },
      readFile: () => '',
    }),
    app: 'notifier',
    applicationId: 'notifier',
    dataDir: dir,
  })
  const append = (...records: OutRecord[]) =>
    log.append(records.map((one) => ({ ...one, topic: 'quorate.states', partition: partitionOf(one.key!, 2) })))
  async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    const answer = await fetch(`${running.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Json) }
  }
  const silence = (more: object = {}) => ({
    match: { object: 'site/**' }, startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z', author: 'ann', comment: 'moving', ...more,
  }) // prettier-ignore

  beforeAll(async () => {
    process.env['QUORATE_SECRET_HOOK'] = SECRET
    execFileSync('mkfifo', [join(dir, 'fifo')])
    receiver = await Receiver.listen()
    log = await openEmbeddedLog({ memory: true })
    running = await startNotifier(config(), { log })
  })
  afterAll(async () => {
    delete process.env['QUORATE_SECRET_HOOK']
    await running.close()
    await log.close()
    await receiver.close()
    rmSync(dir, { recursive: true })
  })

  it('begins with what is built in', async () => {
    expect((await call('GET', '/v1/receivers')).body.items).toMatchObject([{ name: 'console', configured: false }])
    expect((await call('GET', '/v1/routes')).body).toMatchObject({ configured: false, root: { receiver: 'console' } })
    expect((await call('DELETE', '/v1/routes')).status).toBe(404)
  })

  it('refuses with the place in the body', async () => {
    const put = await call('PUT', '/v1/receivers/ops', { endpoints: [{ channel: 'fax' }], more: 1 })
    expect(put).toMatchObject({ status: 422, body: { code: 'invalid', errors: [{ pointer: '/more', detail: 'unknown field' }, { pointer: '/endpoints/0/channel' }] } }) // prettier-ignore
    expect((await call('PUT', '/v1/receivers/ops', { endpoints: [{ channel: 'fax' }] })).body.errors).toMatchObject([
      { pointer: '/endpoints/0/channel' },
    ])
    expect((await call('PUT', '/v1/routes', { receiver: 'nobody' })).body.errors).toEqual([
      { pointer: '/receiver', detail: 'there is no receiver nobody' },
    ])
    expect((await call('POST', '/v1/silences', { ...silence(), comment: undefined })).body.errors).toMatchObject([{ pointer: '/comment' }]) // prettier-ignore
    expect((await call('POST', '/v1/silences', silence({ match: { objekt: 'x' } }))).body.errors).toMatchObject([{ pointer: '/match/objekt' }]) // prettier-ignore
    expect((await call('GET', '/v1/receivers/ops')).status).toBe(404)
  })

  it('takes receivers and routes, and tells by them without a restart; the secret stays where it is', async () => {
    const settings = { url: receiver.url, secret: '${env:QUORATE_SECRET_HOOK}', allowAddresses: ['127.0.0.0/8'] }
    const put = await call('PUT', '/v1/receivers/ops', { fallback: 'console', endpoints: [{ channel: 'webhook', settings }] }) // prettier-ignore
    expect(put).toMatchObject({ status: 200, body: { name: 'ops', configured: true, endpoints: [{ settings: { signed: true } }] } }) // prettier-ignore
    const routes = { receiver: 'ops', groupWait: 0, groupInterval: 0, routes: [{ name: 'quiet', match: { object: 'lab/**' }, receiver: 'console' }] } // prettier-ignore
    expect((await call('PUT', '/v1/routes', routes)).status).toBe(200)
    await append(sink.changed('site/a', 'down', Date.now()))
    const told = await receiver.next()
    expect(told.body.data).toMatchObject({ object: 'site/a', state: 'down' })
    expect(told.headers['webhook-signature']).toMatch(/^v1,/)
    const all = JSON.stringify([(await call('GET', '/v1/receivers')).body, (await call('GET', '/v1/deliveries')).body])
    expect(all).not.toContain('C2FVsBQ')
    const records = log.reader({ topic: 'quorate.settings', partition: 0, from: 0 })
    const kept = (await records.next()).records.map(({ value }) => String(value)).join()
    records.close()
    expect(kept).toContain('${env:QUORATE_SECRET_HOOK}')
    expect(kept).not.toContain('C2FVsBQ')
  })

  it.each([
    ['${file:/etc/passwd}', 'QUORATE_SECRETS_DIR'],
    ['${file:/proc/self/environ}', 'QUORATE_SECRETS_DIR'],
    ['${file:fifo}', 'is not a regular file'],
    ['${env:PATH}', 'QUORATE_SECRET_VARIABLES'],
  ])('N36, N37: refuses %s as a secret, at once, without its content', async (reference, said) => {
    const settings = { url: `${receiver.url}?q=${reference}`, allowAddresses: ['127.0.0.0/8'] }
    const put = await call('PUT', '/v1/receivers/thief', { endpoints: [{ channel: 'webhook', settings }] })
    expect(put).toMatchObject({ status: 422, body: { errors: [{ pointer: '/endpoints/0/settings/url' }] } })
    expect(put.body['errors'][0].detail).toContain(said)
    expect(JSON.stringify(put.body)).not.toContain(process.env['PATH'])
    expect((await call('GET', '/v1/receivers/thief')).status).toBe(404)
  })

  it('N38: starts and writes with references in the settings that lead where they may not: what they name waits, and says why', async () => {
    const stored = (name: string, reference: string) => ({
      topic: 'quorate.settings', partition: 0, key: `notify-receivers/${name}`,
      value: JSON.stringify({ endpoints: [{ channel: 'webhook', settings: { url: `${receiver.url}?q=${reference}`, allowAddresses: ['127.0.0.0/8'] } }] }),
    }) // prettier-ignore
    await log.append([stored('old-env', '${env:PATH}'), stored('old-fifo', '${file:fifo}')])
    await until(
      async () => (await call('GET', '/v1/receivers/old-fifo')).body,
      (body) => body['endpoints']?.[0].settings.fault?.includes('is not a regular file') ?? false,
    )
    expect((await call('GET', '/v1/receivers/old-env')).body).toMatchObject({
      endpoints: [{ settings: { fault: expect.stringContaining('${env:PATH} is not allowed') as string } }],
    })
    expect((await call('POST', '/v1/receivers/old-env/test')).body).toMatchObject({ items: [{ outcome: expect.stringContaining('not-opened: ${env:PATH}') as string }] }) // prettier-ignore
    for (const name of ['old-env', 'old-fifo']) expect((await call('DELETE', `/v1/receivers/${name}`)).status).toBe(204)
  })

  it.each(['__proto__', 'constructor', 'toString', 'prototype'])(
    'N39: takes no entry named %s, at any door',
    async (name) => {
      const good = { endpoints: [{ channel: 'console' }] }
      expect((await call('PUT', `/v1/receivers/${name}`, good)).status).toBe(422)
      expect((await call('PUT', `/v1/silences/${name}`, silence())).status).toBe(422)
      expect((await call('PUT', `/v1/inhibitions/${name}`, { parent: 'a', dependants: 'b' })).status).toBe(422)
      expect((await call('PUT', '/v1/routes', { receiver: 'console', routes: [{ name }] })).status).toBe(422)
      for (const part of ['receivers', 'silences', 'inhibitions']) {
        expect((await call('GET', `/v1/${part}/${name}`)).status).toBe(404)
        expect((await call('DELETE', `/v1/${part}/${name}`)).status).toBe(404)
      }
    },
  )

  it('names what is stored and left out, goes on without it, and deletes it', async () => {
    const stored = (key: string, value: string) => ({ topic: 'quorate.settings', partition: 0, key, value })
    await log.append([
      stored('notify-receivers/__proto__', '{"endpoints":[{"channel":"console"}]}'),
      stored('notify-receivers/half', '{"endpoints":[{"channel":"console"},{"channel":"fax"}]}'),
      stored('notify-silences/broken', 'no { json'),
      stored('notify-inhibitions/deep', `${'['.repeat(5000)}${']'.repeat(5000)}`),
    ])
    await until(
      async () => (await call('GET', '/v1/inhibitions')).body['leftOut'],
      (leftOut: unknown[]) => leftOut.length === 1,
    )
    expect((await call('GET', '/v1/receivers')).body['leftOut']).toMatchObject([{ name: '__proto__' }, { name: 'half', faults: [{ pointer: '/endpoints/1/channel' }] }]) // prettier-ignore
    expect((await call('GET', '/v1/receivers/half')).body).toMatchObject({
      endpoints: [{ settings: { stream: 'stdout' } }, { settings: { fault: expect.stringContaining('no channel fax') as string } }],
      faults: [{ pointer: '/endpoints/1/channel' }],
    }) // prettier-ignore
    expect(await call('GET', '/v1/silences/broken')).toMatchObject({ status: 404, body: { errors: [{ detail: 'is not JSON' }] } }) // prettier-ignore
    const ready = (await call('GET', '/readyz?verbose')).body
    expect(JSON.stringify(ready)).toContain('NOTIFIER_ENTRY_LEFT_OUT')
    expect((await call('PUT', '/v1/receivers/fine', { endpoints: [{ channel: 'console' }] })).status).toBe(200)
    for (const one of [
      'receivers/__proto__',
      'receivers/half',
      'receivers/fine',
      'silences/broken',
      'inhibitions/deep',
    ])
      expect([one, (await call('DELETE', `/v1/${one}`)).status]).toEqual([one, 204])
    expect(JSON.stringify((await call('GET', '/readyz?verbose')).body)).not.toContain('NOTIFIER_ENTRY_LEFT_OUT')
  })

  it('says who would be told, and why', async () => {
    const tried = await call('POST', '/v1/routes/test', { object: 'lab/1', state: 'down' })
    expect(tried).toMatchObject({
      status: 200,
      body: {
        items: [
          {
            receiver: 'console',
            route: 'quiet',
            via: [{ route: 'root' }, { route: 'quiet', match: { object: ['lab/**'] } }],
            decision: 'sent',
          },
        ],
      },
    })
    expect((await call('POST', '/v1/routes/test', { object: 'x', state: 'up' })).body.items).toMatchObject([{ receiver: 'ops', decision: 'suppressed', reason: 'quiet' }]) // prettier-ignore
    expect((await call('POST', '/v1/routes/test', { object: 'x', state: 'up', told: 'down' })).body.items).toMatchObject([{ decision: 'sent' }]) // prettier-ignore
    expect((await call('POST', '/v1/routes/test', { object: '', state: 'UP' })).body.errors).toMatchObject([{ pointer: '/object' }, { pointer: '/state' }]) // prettier-ignore
  })

  it('sends a test alarm and its end', async () => {
    const sent = await call('POST', '/v1/receivers/ops/test')
    expect(sent.body.items).toMatchObject([
      { endpoint: 'ops', message: 'alarm', outcome: 'delivered', status: 200 },
      { endpoint: 'ops', message: 'recovery', outcome: 'delivered' },
    ])
    expect((await receiver.next()).body.data).toMatchObject({ object: 'quorate/test', state: 'down' })
    expect((await receiver.next()).body.data).toMatchObject({ object: 'quorate/test', state: 'up' })
    expect((await call('POST', '/v1/receivers/nobody/test')).status).toBe(404)
  })

  it('previews silences, holds what they are over, and tells it when one is ended', async () => {
    const preview = await call('POST', '/v1/silences?preview', silence())
    expect(preview).toMatchObject({ status: 200, body: { items: [{ object: 'site/a', state: 'down', waiting: false }], total: 1, complete: true } }) // prettier-ignore
    const added = await call('POST', '/v1/silences', silence())
    expect(added).toMatchObject({ status: 201, body: { status: 'active', author: 'ann' } })
    await append(sink.changed('site/b', 'down', Date.now()))
    const held = await until(
      () => call('GET', '/v1/deliveries?object=site%2Fb'),
      ({ body }) => (body.items as unknown[]).length > 0,
    )
    expect(held.body.items).toMatchObject([{ decision: 'held: silenced', by: `silence/${added.body.id}` }])
    expect((await call('POST', '/v1/routes/test', { object: 'site/c', state: 'down' })).body.items).toMatchObject([{ decision: 'held', reason: 'silenced', by: `silence/${added.body.id}` }]) // prettier-ignore
    expect((await call('GET', '/v1/silences')).body.items).toHaveLength(1)
    const ended = await call('PUT', `/v1/silences/${added.body.id}`, silence({ endsAt: '2020-01-02T00:00:00Z' }))
    expect(ended.body).toMatchObject({ status: 'ended' })
    expect((await receiver.next()).body.data).toMatchObject({ object: 'site/b', state: 'down' })
    expect((await call('DELETE', `/v1/silences/${added.body.id}`)).status).toBe(204)
    expect((await call('DELETE', `/v1/silences/${added.body.id}`)).status).toBe(404)
  })

  it('keeps a silence that was ended in the list, and takes one away that had not begun or has ended', async () => {
    const active = await call('POST', '/v1/silences', silence({ match: { object: 'kept/**' } }))
    const at = `/v1/silences/${active.body.id}`
    expect((await call('DELETE', at)).status).toBe(204)
    const { status, body } = await call('GET', at)
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'ended', author: 'ann', comment: 'moving' } })
    expect(Date.parse(String(body.endsAt))).toBeLessThanOrEqual(Date.now())
    expect((await call('DELETE', at)).status).toBe(204)
    expect((await call('GET', at)).status).toBe(404)
    const pending = await call('POST', '/v1/silences', silence({ startsAt: '2098-01-01T00:00:00Z' }))
    expect((await call('DELETE', `/v1/silences/${pending.body.id}`)).status).toBe(204)
    expect((await call('GET', `/v1/silences/${pending.body.id}`)).status).toBe(404)
  })

  it.each([
    ['POST', '/v1/silences'], ['POST', '/v1/silences?preview'], ['PUT', '/v1/silences/new'],
  ])('N44: refuses a time without its offset: %s %s', async (method, path) => {
    const refused = await call(method, path, silence({ startsAt: '2026-11-30T22:00:00' }))
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/startsAt', detail: expect.stringContaining('offset') }] } })
  }) // prettier-ignore

  it.each([
    ['POST', '/v1/silences'], ['POST', '/v1/silences?preview'], ['PUT', '/v1/silences/new'],
  ])('refuses a silence wholly in the past: %s %s', async (method, path) => {
    const refused = await call(method, path, silence({ endsAt: '2020-01-02T00:00:00Z' }))
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/endsAt' }] } })
  }) // prettier-ignore

  it('takes inhibitions, and shows which are active', async () => {
    const put = await call('PUT', '/v1/inhibitions/rack', { parent: 'rack/1', dependants: 'rack/1/**' })
    expect(put.body).toEqual({ name: 'rack', parent: 'rack/1', states: ['down'], dependants: ['rack/1/**'], active: false }) // prettier-ignore
    await append(sink.changed('rack/1', 'down', Date.now()))
    expect((await receiver.next()).body.data).toMatchObject({ object: 'rack/1' })
    await until(() => call('GET', '/v1/inhibitions/rack'), ({ body }) => body.active === true) // prettier-ignore
    await append(sink.changed('rack/1/a', 'down', Date.now()))
    await until(
      () => call('GET', '/v1/deliveries?status=held'),
      ({ body }) => (body.items as Json[]).some(({ by }) => by === 'inhibition/rack'),
    )
    expect((await call('DELETE', '/v1/inhibitions/rack')).status).toBe(204)
    expect((await receiver.next()).body.data).toMatchObject({ object: 'rack/1/a' })
  })

  it('keeps a receiver that is needed', async () => {
    expect(await call('DELETE', '/v1/receivers/ops')).toMatchObject({ status: 409, body: { errors: [{ pointer: '/routes/receiver' }] } }) // prettier-ignore
    expect((await call('DELETE', '/v1/routes')).status).toBe(204)
    expect((await call('DELETE', '/v1/receivers/ops')).status).toBe(204)
    expect((await call('GET', '/v1/receivers')).body.items).toMatchObject([{ name: 'console' }])
  })
})
