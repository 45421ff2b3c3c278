import { silentLogger } from '@quorate/log'
import { T0 } from '../../../testing/changes'
import { message, notice } from '../../../testing/messages'
import { Receiver } from '../../../testing/receiver'
import { SAMPLES } from '../../templates'
import type { Sender } from '../channel'
import { chat } from './channel'
import { Pace } from './pace'

const tools = { logger: silentLogger, now: () => T0, baseUrl: 'https://quorate.example' }
let receiver: Receiver
let sender: Sender
const open = (more: object = {}) =>
  (sender = chat.open({ url: receiver.url, allowAddresses: ['127.0.0.1'], gapMs: 0, ...more }, tools))
const said = async (of = SAMPLES.change(T0)) => {
  expect(await sender.send({ id: 'm', message: of, attempt: 1, at: T0 })).toMatchObject({ kind: 'delivered' })
  return JSON.parse(receiver.received.at(-1)!.raw) as {
    text?: string
    attachments?: { text: string; color: string; fallback: string }[]
  }
}

beforeEach(async () => {
  receiver = await Receiver.listen()
})
afterEach(async () => {
  await sender.close()
  await receiver.close()
})

it('says a change in colour, with a link, who says so and a line for notifications', async () => {
  open()
  const { attachments: [one] = [] } = await said()
  expect(one).toMatchObject({
    color: '#c62f36',
    fallback: expect.stringMatching(/^site\/paris\/router-1 is down \(was up for 2 h 5 min\): 4 of 5/),
  })
  expect(one!.text).toContain(
    '<https://quorate.example/v1/objects/site%2Fparis%2Frouter-1|site/paris/router-1> is down',
  )
  expect(one!.text).toContain('4 of 5 say down (last: probe-berlin), 1 says up')
})

it.each([
  ['mattermost', 6_000],
  ['discord', 1_900],
] as const)('writes markdown for %s, and cuts a list to %i characters', async (flavour, most) => {
  open({ flavour })
  const { attachments: [one] = [] } = await said(SAMPLES.group(T0))
  expect(one!.text).toMatch(/^\*\*site\/paris\/router-1, site/)
  expect(one!.text).toContain('[site/paris/router-1](https://')
  expect(one!.text.length).toBeLessThanOrEqual(most)
  expect(one!.text).toMatch(/… and \d+ more$/)
})

it("says an operator's text as it is, and mutes what names would mention", async () => {
  open({ template: { text: '<!here> {{ object }} {{ state }}' } })
  expect(await said(message('<!channel> @all'))).toEqual({ text: '<!here> &lt;!channel&gt; @\u200Ball down' })
  expect(await said(message('x', { state: null, view: null, cause: 'deleted' }))).toEqual({ text: '<!here> x ' })
})

it('says a notice', async () => {
  open()
  expect((await said(notice)).attachments![0]!.text).toContain('gives up')
})

it('sends one message a second, whoever asks at once', async () => {
  jest.useFakeTimers()
  try {
    const pace = new Pace(1_000)
    const begun: number[] = []
    const turns = [1, 2, 3].map(() => pace.turn().then(() => begun.push(performance.now())))
    await jest.advanceTimersByTimeAsync(2_500)
    await Promise.all(turns)
    expect([begun[1]! - begun[0]!, begun[2]! - begun[1]!]).toEqual([1_000, 1_000])
  } finally {
    jest.useRealTimers()
  }
})

it('ends its waiting when it is closed', async () => {
  const pace = new Pace(60_000)
  await pace.turn()
  const second = pace.turn()
  await new Promise(setImmediate)
  pace.close()
  await second
})

it('wants the address by reference, since who knows it can post', () => {
  const check = (url: string) => chat.check!({ url }).map(({ pointer }) => pointer)
  expect([
    check('https://hooks.slack.example/T/B/x'),
    check('${env:SLACK_URL}'),
    check('https://d.example/${file:/x}/slack'),
  ]).toEqual([['/url'], [], []])
})
