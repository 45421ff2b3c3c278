import { silentLogger } from '@quorate/log'
import { CERTIFICATE } from '../../../testing/certificate'
import { T0 } from '../../../testing/changes'
import { MailCatcher, type Stage } from '../../../testing/mail-catcher'
import { message, notice } from '../../../testing/messages'
import { until } from '../../../testing/until'
import type { Message } from '../../outbox/message'
import { SAMPLES } from '../../templates'
import type { Sender } from '../channel'
import { email } from './channel'

const tools = { logger: silentLogger, now: () => T0, baseUrl: 'https://quorate.example' }
const PASSWORD = 'hunter2-hunter2'

let server: MailCatcher
let sender: Sender
const settings = (more: object = {}) => ({
  host: '127.0.0.1',
  port: server.port,
  ca: CERTIFICATE,
  username: 'quorate',
  password: PASSWORD,
  from: 'Quorate <quorate@example.com>',
  to: ['ann@example.com', 'bob@example.com'],
  allowAddresses: ['127.0.0.1'],
  timeout: 5,
  ...more,
})
const open = (more: object = {}) => (sender = email.open(settings(more), tools))
const send = (of: Message = message('site/x'), more: object = {}) =>
  sender.send({ id: 'msg_1', message: of, attempt: 1, at: T0, ...more })

beforeEach(async () => {
  server = await MailCatcher.listen({ username: 'quorate', password: PASSWORD })
})
afterEach(async () => {
  await sender?.close()
  await server.close()
})

it('sends one mail in text and HTML to all, encrypted and logged in', async () => {
  open()
  expect(await send()).toEqual({ kind: 'delivered', status: 250 })
  const [caught] = server.mails
  expect(caught).toMatchObject({ secure: true, user: 'quorate', recipients: ['ann@example.com', 'bob@example.com'] })
  const { mail } = caught!
  expect(mail.subject).toBe('site/x is down')
  expect(mail.from?.text).toBe('"Quorate" <quorate@example.com>')
  expect(mail.text).toContain('2 of 3 say down')
  expect(mail.text).toContain('https://quorate.example/v1/objects/site%2Fx')
  expect(mail.html).toContain('prefers-color-scheme')
  expect(mail.date).toEqual(new Date(T0))
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
})

it('keeps the Message-ID on retry (N13: 451 then 250), and hangs mails about one object together', async () => {
  open({ to: 'ann@example.com' })
  server.refuse = (stage) =>
    stage === 'data' && server.attempts === 1 ? { code: 451, text: '4.3.0 try later' } : undefined
  expect(await send()).toMatchObject({
    kind: 'retry',
    reason: 'smtp-451',
    status: 451,
    excerpt: expect.stringContaining('4.3.0 try later'),
  })
  expect(await send()).toMatchObject({ kind: 'delivered' })
  await sender.send({ id: 'msg_2', message: message('site/x', { state: 'up', previous: 'down' }), attempt: 1, at: T0 })
  await sender.send({ id: 'msg_3', message: message('site/y'), attempt: 1, at: T0 })
  const [first, second, other] = server.mails.map(({ mail }) => mail)
  expect(server.mails).toHaveLength(3)
  expect(first!.messageId).toBe('<msg_1@example.com>')
  expect(first!.references).toEqual(second!.references)
  expect(first!.inReplyTo).toBe(first!.references as string)
  expect(other!.references).not.toEqual(first!.references)
})

describe('each recipient by itself', () => {
  const only = (address: string, code: number) => (stage: Stage, what: string) =>
    stage === 'recipient' && what === address ? { code, text: 'not this one' } : undefined

  it('a 5xx kills the delivery to one, the others have it and do not get it again', async () => {
    open()
    server.refuse = only('bob@example.com', 550)
    const outcome = await send()
    expect(outcome).toMatchObject({
      kind: 'dead',
      status: 550,
      done: ['ann@example.com'],
      reason: 'smtp-550: 1 of 2 recipients refused, the others have it',
    })
    server.refuse = () => undefined
    expect(await send(undefined, { done: outcome.done })).toMatchObject({ kind: 'delivered' })
    expect(server.mails.map(({ recipients }) => recipients)).toEqual([['ann@example.com'], ['bob@example.com']])
    expect(new Set(server.mails.map(({ mail }) => mail.messageId)).size).toBe(1)
    expect(server.mails[1]!.mail.to).toMatchObject({ text: 'ann@example.com, bob@example.com' })
  })

  it('a 4xx is tried again for one', async () => {
    open()
    server.refuse = only('ann@example.com', 450)
    const outcome = await send()
    expect(outcome).toMatchObject({ kind: 'retry', status: 450, done: ['bob@example.com'] })
    expect(await send(undefined, { done: outcome.done })).toMatchObject({ kind: 'retry', done: ['bob@example.com'] })
    expect(server.mails).toHaveLength(1)
  })

  it('all refused for good is dead', async () => {
    open()
    server.refuse = (stage) => (stage === 'recipient' ? { code: 550, text: 'nobody here' } : undefined)
    const outcome = await send()
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'smtp-550: 2 of 2 recipients refused' })
    expect(outcome).not.toHaveProperty('done')
  })
})

describe.each<Stage>(['mail', 'recipient', 'data'])('at %s', (stage) => {
  it.each([
    [421, 'retry', true],
    [450, 'retry', false],
    [451, 'retry', false],
    [452, 'retry', false],
    [500, 'dead', false],
    [550, 'dead', false],
    [552, 'dead', false],
    [553, 'dead', false],
    [554, 'dead', false],
  ] as const)('takes SMTP %i as %s', async (code, kind, throttle) => {
    open({ to: 'ann@example.com' })
    server.refuse = (at) => (at === stage ? { code, text: `said so with ${PASSWORD}` } : undefined)
    const outcome = await send()
    expect(outcome).toMatchObject({
      kind,
      status: code,
      reason: `smtp-${code}`,
      excerpt: expect.stringContaining('said so with ***'),
    })
    expect((outcome as { throttle?: boolean }).throttle ?? false).toBe(throttle)
    server.refuse = () => undefined
    expect(await send()).toMatchObject({ kind: 'delivered' })
  })
})

it('goes no further without encryption, unless it is told to', async () => {
  const clear = await MailCatcher.listen({ inTheClear: true })
  open({ port: clear.port, username: undefined, password: undefined })
  expect(await send()).toEqual({ kind: 'retry', reason: 'smtp-no-tls' })
  expect(clear.attempts).toBe(0)
  await sender.close()
  open({ port: clear.port, username: undefined, password: undefined, tls: 'none' })
  expect(await send()).toMatchObject({ kind: 'delivered' })
  await clear.close()
})

it('speaks TLS from the first byte where the server does', async () => {
  const secure = await MailCatcher.listen({ secure: true, username: 'quorate', password: PASSWORD })
  open({ port: secure.port, tls: 'tls' })
  expect(await send()).toMatchObject({ kind: 'delivered' })
  expect(secure.mails).toMatchObject([{ secure: true, user: 'quorate' }])
  await sender.close()
  open({ port: secure.port, tls: 'tls', ca: undefined })
  expect(await send()).toEqual({ kind: 'retry', reason: 'smtp-certificate-refused' })
  expect(secure.attempts).toBe(1)
  await secure.close()
})

it('does not trust a certificate that nobody vouches for', async () => {
  open({ ca: undefined })
  expect(await send()).toEqual({ kind: 'retry', reason: 'smtp-certificate-refused' })
  expect(server.attempts).toBe(0)
})

it('takes a refused login as a thing to be mended, and repeats nothing of it', async () => {
  open({ password: 'wrong-password' })
  expect(await send()).toEqual({ kind: 'retry', reason: 'smtp-login-refused', status: 535 })
})

it('gives up waiting', async () => {
  open({ timeout: 0.2 })
  server.silent = true
  expect(await send()).toEqual({ kind: 'retry', reason: 'timeout' })
})

it('opens another connection when the one it kept was closed for being idle', async () => {
  open({ timeout: 0.3 })
  expect(await send()).toMatchObject({ kind: 'delivered' })
  expect(server.connections).toBe(1)
  await until(
    () => server.connections,
    (open) => open === 0,
  )
  expect(await send()).toMatchObject({ kind: 'delivered' })
})

describe('addresses', () => {
  it('are refused before connecting when they are private', async () => {
    open({ allowAddresses: [] })
    expect(await send()).toEqual({ kind: 'retry', reason: 'address-refused' })
    expect(server.attempts).toBe(0)
  })

  it('are judged anew at every connection (N24)', async () => {
    const answers = ['127.0.0.1', '10.0.0.1']
    open({ host: 'mail.test', resolve: async () => [{ address: answers.shift() ?? '', family: 4 }] })
    server.refuse = (stage) => (stage === 'mail' ? { code: 421, text: 'bye' } : undefined)
    // 421 ends the connection: the next mail needs another, whose name now leads inside.
    expect(await send()).toMatchObject({ kind: 'retry', status: 421 })
    expect(await send()).toEqual({ kind: 'retry', reason: 'address-refused' })
    expect([server.attempts, answers]).toEqual([1, []])
  })
})

it('says a group in one mail, cut with a count', async () => {
  open()
  expect(await send(SAMPLES.group(T0))).toMatchObject({ kind: 'delivered' })
  expect(server.mails[0]!.mail.subject).toBe(
    'site/paris/router-1, site/berlin/router-2, site/rome/router-3 and 497 more: down, up (policy network)',
  )
  expect(server.mails[0]!.mail.text).toContain('… and 488 more')
})

it("sends an operator's texts, and the built-in one where a template fails", async () => {
  const template = {
    subject: '[{{ state | upcase }}] {{ object }}',
    text: '{{ nothing }}',
    html: '<b>{{ object }}</b>',
  }
  open({ template })
  const outcome = await send(message('a<b'))
  expect(outcome).toMatchObject({
    kind: 'delivered',
    note: expect.stringMatching(/^template-failed: text: undefined variable/),
  })
  const { mail } = server.mails[0]!
  expect([mail.subject, mail.html]).toEqual(['[DOWN] a<b', '<b>a&lt;b</b>'])
  expect(mail.text).toContain('a<b is down (was up for 30 s)')
})

it('lets no name add a header or a recipient', async () => {
  open({ template: { subject: '{{ object }}\r\nBcc: eve@example.com' } })
  await send(message('x\r\nBcc: eve@example.com'))
  await send(notice)
  expect(server.mails).toHaveLength(2)
  for (const { raw, recipients } of server.mails) {
    expect(raw.split(/\r?\n\r?\n/)[0]).not.toMatch(/^Bcc:/m)
    expect(recipients).not.toContain('eve@example.com')
  }
})

describe('the settings', () => {
  const check = (more: object) =>
    email.check!({ host: 'mail.example', from: 'q@example.com', to: 'a@example.com', ...more })
  it('may be few', () => expect(check({})).toEqual([]))
  it('say where they are at fault', () => {
    const faults = check({ to: ['a@example.com', 'nobody'], password: 'open', port: 0 })
    expect(faults.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/port', '/password']))
    expect(check({ password: '${env:P}' })).toEqual([
      { pointer: '/username', detail: expect.stringContaining('missing') },
    ])
    expect(check({ username: 'u', password: '${env:P}', tls: 'none' })).toEqual([
      { pointer: '/tls', detail: expect.any(String) },
    ])
    expect(check({ template: { html: '{% if' } })).toEqual([
      { pointer: '/template/html', detail: expect.stringContaining('not closed') },
    ])
  })
})
