import { Webhook } from 'standardwebhooks'
import { T0 } from '../../../testing/changes'
import { message, notice } from '../../../testing/messages'
import { SettingsError } from '../channel'
import { body } from './body'
import { webhook } from './channel'
import { signature, signingKeys } from './signature'

const SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const VECTOR = {
  id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
  timestamp: 1649367553,
  body: '{"email":"test@example.com","username":"test_user"}',
  signature: 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
}

describe('the signature', () => {
  const sign = (secret: string) => signature(signingKeys(secret), VECTOR.id, VECTOR.timestamp, VECTOR.body)

  it.each([SECRET, `whsec_${SECRET}`])('is as in the vector, with and without prefix', (secret) => {
    expect(sign(secret)).toBe(VECTOR.signature)
  })

  it('takes a secret that is no base64 as its bytes', () => {
    const independent = new Webhook('not base64!', { format: 'raw' })
    expect(sign('not-base64!')).toBe(
      new Webhook('not-base64!', { format: 'raw' }).sign(VECTOR.id, new Date(VECTOR.timestamp * 1000), VECTOR.body),
    )
    expect(sign('not-base64!')).not.toBe(independent.sign(VECTOR.id, new Date(VECTOR.timestamp * 1000), VECTOR.body))
  })

  it('is there once for each secret while one is rotated, and either verifies', () => {
    const next = Buffer.from('the next secret, thirty bytes.').toString('base64')
    const at = Math.floor(Date.now() / 1000)
    const both = signature(signingKeys(`whsec_${SECRET} ${next}`), VECTOR.id, at, VECTOR.body)
    expect(both.split(' ')).toHaveLength(2)
    const headers = { 'webhook-id': VECTOR.id, 'webhook-timestamp': String(at), 'webhook-signature': both }
    for (const secret of [SECRET, next])
      expect(new Webhook(secret).verify(VECTOR.body, headers)).toEqual(JSON.parse(VECTOR.body))
    expect(() => new Webhook(Buffer.from('another').toString('base64')).verify(VECTOR.body, headers)).toThrow()
  })
})

describe('the body', () => {
  it("is the change's type and time with the public view and what was last told", () => {
    const { type, timestamp, data } = JSON.parse(body(message('site/x')))
    expect({ type, timestamp }).toEqual({ type: 'object.changed', timestamp: new Date(T0).toISOString() })
    expect(data).toMatchObject({
      object: 'site/x',
      state: 'down',
      previous: 'up',
      since: new Date(T0).toISOString(),
      tally: { down: 2 },
    })
  })

  it('of a deletion says what is gone and why', () => {
    const gone = message('x', { type: 'object.deleted', state: null, view: null, cause: 'forgotten' })
    expect(JSON.parse(body(gone))).toMatchObject({
      type: 'object.deleted',
      data: { object: 'x', state: null, cause: 'forgotten', previous: 'up' },
    })
  })

  it('of a notice names the endpoint', () => {
    expect(JSON.parse(body(notice))).toMatchObject({
      type: 'endpoint.failed',
      data: { endpoint: 'ops', reason: 'http-410' },
    })
  })

  it.each([
    [
      'a long reason',
      {
        override: {
          state: 'down',
          reason: 'é'.repeat(20_000),
          author: 'a'.repeat(9_000),
          expiresAt: null,
          mode: 'pin' as const,
        },
      },
    ],
    ['many states', { tally: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`state-${i}`, 1])) }],
  ])('stays under 20 kB with %s, and says that it was cut', (_, of) => {
    const text = body(message('x', {}, of))
    expect(Buffer.byteLength(text)).toBeLessThan(20_000)
    expect(JSON.parse(text).data).toMatchObject({ object: 'x', state: 'down', truncated: true })
  })
})

describe('the settings', () => {
  const tools = { logger: { debug() {}, info() {}, warn() {}, error() {} }, now: () => T0 }
  it.each(['ftp://example.com', 'nonsense', 'http://user:hunter2@example.com/'])(
    'refuse %s without repeating it',
    (url) => {
      expect(() => webhook.open({ url }, tools)).toThrow(SettingsError)
      expect(() => webhook.open({ url }, tools)).not.toThrow('hunter2')
    },
  )

  it('allow private addresses that are listed', async () => {
    const sender = webhook.open({ url: 'http://127.0.0.1:1/', allowAddresses: ['127.0.0.0/8'], timeout: 1 }, tools)
    const outcome = await sender.send({ id: 'msg_1', message: message('x'), attempt: 1, at: T0 })
    await sender.close()
    expect(outcome).toEqual({ kind: 'retry', reason: 'ECONNREFUSED' })
  })

  it('say where they are at fault', () => {
    const check = (settings: unknown) => webhook.check!(settings).map(({ pointer, detail }) => `${pointer} ${detail}`)
    expect(
      check({
        url: 'https://x.example/',
        secret: '${env:A}',
        secrets: ['${file:/b}'],
        allowAddresses: ['10.0.0.0/8', '::1'],
      }),
    ).toEqual([])
    expect(check({ url: 'https://x.example/${env:TOKEN}' })).toEqual([])
    expect(check({})).toEqual(['/url missing'])
    expect(check({ url: 'ftp://x', secret: 'hunter2', allowAddresses: ['10.0.0.0/33'], colour: 1 })).toEqual([
      '/colour unknown field',
      '/url must be an http:// or https:// address without user and password; parts of it may be references',
      '/secret must be a reference: ${env:NAME} or ${file:/path}; secrets are not kept in the configuration',
      '/allowAddresses/0 must be an address or a range such as 10.1.0.0/16 or fd00::/8',
    ])
  })

  it.each(['http://localhost:1/', 'http://[::1]:1/', 'http://127.0.0.1:1/'])(
    'allow loopback only when it is named and allowed: %s',
    async (url) => {
      const send = async (loopbackWhenNamed: boolean) => {
        const sender = webhook.open({ url, loopbackWhenNamed, timeout: 1 }, tools)
        const outcome = await sender.send({ id: 'msg_1', message: message('x'), attempt: 1, at: T0 })
        await sender.close()
        return (outcome as { reason: string }).reason
      }
      expect(await send(false)).toBe('address-refused')
      expect(await send(true)).not.toBe('address-refused')
    },
  )
})
