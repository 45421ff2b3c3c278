import { Type } from '@sinclair/typebox'
import { markdown, type Sources, textModel, Texts } from '../../templates'
import { type Channel, type ChannelTools, type Outcome, type Outgoing, type Sender } from '../channel'
import { HttpEndpoint, type HttpSettings } from '../http-endpoint'
import { textsOf } from '../operators-texts'
import { ADDRESSES, CLOSED, SECONDS, SECRET_URL, settingsCheck, TEMPLATE, templatesCheck } from '../settings'
import { Pace } from './pace'
import { CHAT_PARTS, chatPayload, type ChatPart, type Flavour, FLAVOURS } from './payload'

export interface ChatSettings extends HttpSettings {
  readonly flavour?: Flavour
  readonly template?: Sources<ChatPart>
  /** Between two messages, ms: 1000. For tests. */
  readonly gapMs?: number
}

export const CHAT_SCHEMA = Type.Object(
  {
    url: SECRET_URL,
    flavour: Type.Optional(
      Type.Union([Type.Literal('slack'), Type.Literal('mattermost'), Type.Literal('discord')], {
        description: 'slack, mattermost or discord',
      }),
    ),
    template: Type.Optional(
      Type.Object({ text: Type.Optional(TEMPLATE) }, { ...CLOSED, description: 'templates: text' }),
    ),
    allowAddresses: Type.Optional(ADDRESSES),
    timeout: Type.Optional(SECONDS(1, 60)),
  },
  { ...CLOSED, description: 'settings of a chat: url, flavour, template, allowAddresses, timeout' },
)

const GAP = 1_000

/**
 * A Slack-compatible incoming webhook: Slack, Mattermost, Discord (its address with `/slack` behind it). One message a
 * second.
 */
export const chat: Channel = {
  name: 'chat',
  // One after the other: the pace is the channel's, not the connection's.
  concurrency: 1,
  gathers: true,
  texts: {
    parts: CHAT_PARTS,
    builtIn: { text: (model) => markdown(model, FLAVOURS.slack.dialect, FLAVOURS.slack.most) },
  },
  schema: CHAT_SCHEMA,
  check: settingsCheck(CHAT_SCHEMA, templatesCheck(CHAT_PARTS)),
  open: (settings, tools) => new ChatSender(settings as ChatSettings, tools),
}

class ChatSender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  private readonly endpoint: HttpEndpoint
  private readonly texts: Texts<ChatPart>
  private readonly pace: Pace
  private readonly flavour: Flavour

  constructor(
    settings: ChatSettings,
    private readonly tools: ChannelTools,
  ) {
    const { flavour = 'slack', template, gapMs = GAP } = settings ?? {}
    this.endpoint = new HttpEndpoint(settings ?? {}, tools, { connections: 1 })
    this.texts = textsOf(CHAT_PARTS, template)
    this.pace = new Pace(gapMs)
    this.flavour = flavour
    this.description = { origin: this.endpoint.origin, flavour }
    this.fingerprint = this.endpoint.fingerprint
  }

  async send({ message }: Outgoing): Promise<Outcome> {
    const model = textModel(message, this.tools)
    const texts = this.texts.of(model)
    const body = JSON.stringify(chatPayload(model, texts, this.flavour))
    await this.pace.turn()
    return { ...(await this.endpoint.post({}, body)), ...texts.note }
  }

  async close(): Promise<void> {
    this.pace.close()
    await this.endpoint.close()
  }
}
