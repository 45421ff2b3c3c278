import type { Logger } from '@quorate/log'
import { inspect } from 'node:util'
import { T0 } from '../../testing/changes'
import { message, notice } from '../../testing/messages'
import type { Reply } from '../../testing/receiver'
import type { Message } from '../outbox/message'
import type { ChannelTools, Outcome, Sender } from './channel'

/** A channel with an endpoint to talk to. */
export interface OpenChannel {
  readonly sender: Sender
  /** Everything that arrived, as text. */
  arrived(): readonly string[]
  /** Over HTTP: how the endpoint answers from now on. */
  readonly http?: {
    answer(reply: Reply | 'never'): void
    /**
     * What tells a receiver that it has something already: the delivery's id, or where the channel has none all of it.
     */
    ids(): readonly (string | undefined)[]
  }
  /** Makes the endpoint go away. */
  vanish(): Promise<void>
  close(): Promise<void>
}

export interface ChannelSubject {
  readonly name: string
  /** Words that must never be seen. */
  readonly secrets: readonly string[]
  /** Its open channel has `http`. */
  readonly overHttp?: true
  /** Every change that was gathered is shown, not the first alone. */
  readonly showsGroups?: false
  /** A template that cannot be rendered, where operators may write texts. */
  readonly template?: Readonly<Record<string, string>>
  open(tools: ChannelTools, timeoutMs: number, more?: object): Promise<OpenChannel>
}

const OUTCOMES: readonly (readonly [kind: Outcome['kind'], throttle: boolean, ...statuses: number[]])[] = [
  ['delivered', false, 200, 201, 202, 204, 299],
  ['retry', false, 301, 302, 307, 308, 401, 403, 404, 408, 413, 422, 500, 501, 599],
  ['retry', true, 429, 502, 503, 504],
  ['dead', false, 400],
  ['gone', false, 410],
]
const EACH_STATUS = OUTCOMES.flatMap(([kind, throttle, ...statuses]) =>
  statuses.map((status) => ({ status, kind, throttle })),
)

/** What every channel keeps to, whatever it talks to. */
export function describeChannel(subject: ChannelSubject): void {
  describe(`channel ${subject.name}`, () => {
    const lines: string[] = []
    const log = (fields: object, text: string): void => void lines.push(inspect(fields, { depth: 9 }) + text)
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    const outcomes: Outcome[] = []
    let channel: OpenChannel
    const send = async (of = message('site/x'), attempt = 1): Promise<Outcome> => {
      const outcome = await channel.sender.send({ id: 'msg_1', message: of, attempt, at: T0 })
      outcomes.push(outcome)
      return outcome
    }

    const open = async (timeoutMs: number, more?: object): Promise<void> => {
      channel = await subject.open({ logger, now: () => T0 }, timeoutMs, more)
    }

    beforeEach(() => open(4_000))
    afterEach(() => channel.close())
    afterEach(() => {
      const seen =
        JSON.stringify([outcomes, lines, channel.sender.description, channel.sender.fingerprint]) +
        inspect(channel.sender.description)
      for (const secret of subject.secrets) expect(seen).not.toContain(secret)
    })

    it('delivers a change, naming the object and the state', async () => {
      expect(await send()).toMatchObject({ kind: 'delivered' })
      expect(channel.arrived()).toHaveLength(1)
      expect(channel.arrived()[0]).toContain('site/x')
      expect(channel.arrived()[0]).toContain('down')
    })

    it('delivers a deletion and a notice about an endpoint', async () => {
      expect(
        await send(message('site/gone', { state: null, view: null, cause: 'deleted', type: 'object.deleted' })),
      ).toMatchObject({ kind: 'delivered' })
      expect(await channel.sender.send({ id: 'msg_2', message: notice, attempt: 1, at: T0 })).toMatchObject({
        kind: 'delivered',
      })
      expect(channel.arrived()[1]).toContain('http-410')
    })

    it('delivers whatever an object or an override is called, and lets none of it break out', async () => {
      const reason = `\u001b[2J"}\r\nInjected: header ${'x'.repeat(30_000)}`
      const odd = message(
        'söme/ø"bject\\😀',
        {},
        { override: { state: 'down', reason, author: 'a"b', expiresAt: null, mode: 'pin' } },
      )
      expect(await send({ ...odd, cause: 'override' })).toMatchObject({ kind: 'delivered' })
      expect(channel.arrived()[0]).not.toContain('\u001b[2J')
      expect(channel.arrived()[0]!.trim().split('\n')).toHaveLength(1)
    })

    const itWithTemplates = subject.template ? it : undefined
    itWithTemplates?.('sends the built-in text where a template fails, and says so', async () => {
      await channel.close()
      await open(4_000, { template: subject.template })
      expect(await send()).toMatchObject({ kind: 'delivered', note: expect.stringMatching(/^template-failed: /) })
      expect(channel.arrived()[0]).toContain('site/x is down')
    })

    it('delivers several changes, if it gathers', async () => {
      const group: Message = {
        kind: 'group', event: 'g', time: T0, object: 'web', labels: { policy: 'web' }, changes: [message('site/x'), message('site/y')], total: 9,
      } // prettier-ignore
      expect(await channel.sender.send({ id: 'msg_1', message: group, attempt: 1, at: T0 })).toMatchObject({
        kind: 'delivered',
      })
      expect(channel.arrived()).toHaveLength(1)
      const parts = subject.showsGroups === false ? ['web'] : ['site/x', 'site/y', 'down']
      for (const part of parts) expect(channel.arrived()[0]).toContain(part)
    })

    it('answers an outcome, and no rejection, when the endpoint has gone away', async () => {
      await channel.vanish()
      expect(await send()).toMatchObject({ kind: 'retry' })
    })

    if (subject.overHttp)
      describe('over HTTP', () => {
        const http = () => channel.http!

        it('keeps what tells a repetition on every attempt', async () => {
          http().answer({ status: 500 })
          await send(message('site/x'), 1)
          await send(message('site/x'), 2)
          const [first, second] = http().ids()
          expect([second, first !== undefined]).toEqual([first, true])
        })

        it.each(EACH_STATUS)('takes HTTP $status as $kind', async ({ status, kind, throttle }) => {
          http().answer({
            status,
            headers: { location: 'http://127.0.0.1:1/elsewhere' },
            body: status === 204 ? '' : 'said so\u0007',
          })
          const outcome = await send()
          expect(outcome).toMatchObject({ kind, status, ...(status === 204 ? {} : { excerpt: 'said so' }) })
          expect((outcome as { throttle?: boolean }).throttle ?? false).toBe(throttle)
          expect(channel.arrived()).toHaveLength(1)
        })

        it.each([
          ['120', T0 + 120_000],
          ['0', T0],
          [new Date(T0 + 90_000).toUTCString(), T0 + 90_000],
          ['soon', undefined],
        ])('reads Retry-After: %s', async (value, notBefore) => {
          http().answer({ status: 429, headers: { 'retry-after': value } })
          const outcome = await send()
          expect(outcome).toMatchObject({ kind: 'retry', reason: 'http-429' })
          expect((outcome as { notBefore?: number }).notBefore).toBe(notBefore)
        })

        it('gives up waiting for an answer', async () => {
          await channel.close()
          await open(100)
          http().answer('never')
          expect(await send()).toEqual({ kind: 'retry', reason: 'timeout' })
        })

        it('repeats no secret that the endpoint says', async () => {
          http().answer({ status: 403, body: `forbidden: ${subject.secrets.join(' ')} /hook?token=t0ken` })
          expect((await send()).excerpt).toContain('forbidden: ***')
        })

        it('reads no more of an endless answer than an excerpt', async () => {
          http().answer({ status: 500, body: 'x'.repeat(5_000_000) })
          expect((await send()).excerpt).toHaveLength(300)
        })
      })
  })
}
