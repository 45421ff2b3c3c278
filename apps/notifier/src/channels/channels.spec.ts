import { Writable } from 'node:stream'
import { Receiver } from '../../testing/receiver'
import { CHANNELS } from '.'
import { type ChannelSubject, describeChannel } from './channel.conformance'
import { console } from './console/channel'
import { webhook } from './webhook/channel'

const SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

const webhookSubject: ChannelSubject = {
  name: 'webhook',
  secrets: [SECRET, 't0ken', '/hook'],
  async open(tools, timeoutMs) {
    const receiver = await Receiver.listen()
    const settings = {
      url: receiver.url,
      secret: { reveal: () => `whsec_${SECRET}` },
      loopbackWhenNamed: true,
      timeout: timeoutMs / 1000,
    }
    const sender = webhook.open(settings, tools)
    return {
      sender,
      arrived: () => receiver.received.map(({ raw }) => raw),
      http: {
        answer: (reply) => (receiver.answer = () => (reply === 'never' ? undefined : reply)),
        ids: () => receiver.received.map(({ headers }) => headers['webhook-id'] as string | undefined),
      },
      vanish: () => receiver.close(),
      close: async () => {
        await sender.close()
        await receiver.close()
      },
    }
  },
}

const consoleSubject: ChannelSubject = {
  name: 'console',
  secrets: [],
  async open(tools) {
    const lines: string[] = []
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => done((lines.push(chunk.toString()), null)),
    })
    const sender = console.open({ stream }, tools)
    return {
      sender,
      arrived: () => lines,
      vanish: async () => void stream.destroy(),
      close: () => sender.close(),
    }
  },
}

const SUBJECTS = [webhookSubject, consoleSubject]
for (const subject of SUBJECTS) describeChannel(subject)

it('every channel of the registry is held to the suite', () => {
  expect(SUBJECTS.map(({ name }) => name).sort()).toEqual([...CHANNELS.keys()].sort())
})
