import { Writable } from 'node:stream'
import { alertmanager } from '../src/channels/alertmanager/channel'
import type { Channel } from '../src/channels/channel'
import type { ChannelSubject } from '../src/channels/channel.conformance'
import { chat } from '../src/channels/chat/channel'
import { console } from '../src/channels/console/channel'
import { email } from '../src/channels/email/channel'
import { pagerduty } from '../src/channels/pagerduty/channel'
import { webhook } from '../src/channels/webhook/channel'
import { CERTIFICATE } from './certificate'
import { MailCatcher } from './mail-catcher'
import { Receiver } from './receiver'

const SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const PASSWORD = 'hunter2-hunter2'
const REFERENCES: Readonly<Record<string, string>> = { '${env:SECRET}': `whsec_${SECRET}`, '${env:PASSWORD}': PASSWORD }

interface OverHttp {
  readonly channel: Channel
  readonly settings: object
  /** Below the receiver's address; a path and a query that are secret by default. */
  readonly at?: string
  readonly secrets: readonly string[]
  readonly template?: ChannelSubject['template']
  readonly showsGroups?: ChannelSubject['showsGroups']
}

/** A channel over HTTP and a receiver on loopback. */
const overHttp = ({ channel, settings, at, secrets, template, showsGroups }: OverHttp): ChannelSubject => ({
  name: channel.name,
  secrets,
  overHttp: true,
  ...(showsGroups === false ? { showsGroups } : {}),
  ...(template ? { template } : {}),
  async open(tools, timeoutMs, more = {}) {
    const receiver = await Receiver.listen()
    const url = at === undefined ? receiver.url : `http://127.0.0.1:${receiver.port}${at}`
    const reveal = (text: string): string => REFERENCES[text] ?? text
    const all = { url, allowAddresses: ['127.0.0.1'], timeout: timeoutMs / 1000, ...settings, ...more }
    const sender = channel.open(all, { ...tools, reveal })
    return {
      sender,
      arrived: () => receiver.received.map(({ raw }) => raw),
      http: {
        answer: (reply) => (receiver.answer = () => (reply === 'never' ? undefined : reply)),
        ids: () => receiver.received.map(({ headers, raw }) => (headers['webhook-id'] as string | undefined) ?? raw),
      },
      vanish: () => receiver.close(),
      close: async () => {
        await sender.close()
        await receiver.close()
      },
    }
  },
})

const mail: ChannelSubject = {
  name: 'email',
  secrets: [PASSWORD],
  template: { text: '{{ nothing }}' },
  async open(tools, timeoutMs, more = {}) {
    const server = await MailCatcher.listen({ username: 'quorate', password: PASSWORD })
    const settings = {
      host: '127.0.0.1', port: server.port, ca: CERTIFICATE, username: 'quorate', password: '${env:PASSWORD}', from: 'quorate@example.com',
      to: 'ann@example.com', allowAddresses: ['127.0.0.1'], timeout: timeoutMs / 1000, ...more,
    } // prettier-ignore
    const sender = email.open(settings, { ...tools, reveal: (text) => REFERENCES[text] ?? text })
    return {
      sender,
      arrived: () =>
        server.mails.map(({ mail: { subject = '', text = '' } }) => `${subject} ${text.replaceAll('\n', ' ')}`),
      vanish: () => server.close(),
      close: async () => {
        await sender.close()
        await server.close()
      },
    }
  },
}

const stdout: ChannelSubject = {
  name: 'console',
  secrets: [],
  async open(tools) {
    const lines: string[] = []
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => done((lines.push(chunk.toString()), null)),
    })
    const sender = console.open({ stream }, tools)
    return { sender, arrived: () => lines, vanish: async () => void stream.destroy(), close: () => sender.close() }
  },
}

/** Every channel with something real to talk to. */
export const SUBJECTS: readonly ChannelSubject[] = [
  overHttp({ channel: webhook, settings: { secret: '${env:SECRET}' }, secrets: [SECRET, 't0ken', '/hook'] }),
  overHttp({ channel: chat, settings: { gapMs: 0 }, secrets: ['t0ken', '/hook'], template: { text: '{{ nothing }}' } }),
  overHttp({
    channel: alertmanager,
    settings: { username: 'quorate', password: '${env:PASSWORD}' },
    at: '/',
    secrets: [PASSWORD, Buffer.from(`quorate:${PASSWORD}`).toString('base64')],
    template: { summary: '{{ nothing }}' },
  }),
  overHttp({
    channel: pagerduty,
    settings: { routingKey: '${env:PASSWORD}' },
    secrets: [PASSWORD, 't0ken', '/hook'],
    template: { summary: '{{ nothing }}' },
    showsGroups: false,
  }),
  mail,
  stdout,
]
