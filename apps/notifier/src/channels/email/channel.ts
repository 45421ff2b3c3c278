import { createHash } from 'node:crypto'
import type { Fault } from '@quorate/contracts'
import { html, text, textModel, Texts } from '../../templates'
import { type Channel, type ChannelTools, type Outcome, type Outgoing, type Sender, SettingsError } from '../channel'
import { writings } from '../masking'
import { textsOf } from '../operators-texts'
import { revealed, settingsCheck, templatesCheck } from '../settings'
import { mailOf, subject } from './mail'
import { failureOutcome, recipientsOutcome, type RefusedRecipient } from './outcome'
import { bareAddress, EMAIL_PARTS, EMAIL_SCHEMA, type EmailPart, type EmailSettings } from './settings'
import { CONNECTIONS, portOf, type Sent, smtpTransport, type Transport } from './transport'

/** Mail over SMTP: text and HTML, one mail for several changes, recipients settled one by one. */
export const email: Channel = {
  name: 'email',
  concurrency: CONNECTIONS,
  gathers: true,
  texts: { parts: EMAIL_PARTS, builtIn: { subject, text, html } },
  schema: EMAIL_SCHEMA,
  check: settingsCheck(EMAIL_SCHEMA, (settings) => [...templatesCheck(EMAIL_PARTS)(settings), ...loginCheck(settings)]),
  open: (settings, tools) => new EmailSender(settings as EmailSettings, tools),
}

class EmailSender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  private readonly recipients: readonly string[]
  private readonly secrets: readonly string[]
  private readonly texts: Texts<EmailPart>
  private readonly transport: Transport

  constructor(
    private readonly settings: EmailSettings,
    private readonly tools: ChannelTools,
  ) {
    const { host, to, from, username, password, ca, template, tls = 'starttls' } = settings ?? {}
    if (typeof host !== 'string' || to === undefined || from === undefined)
      throw new SettingsError('host, from and to are needed')
    const port = portOf(settings)
    const login = password === undefined ? undefined : revealed(password, tools)
    this.recipients = [to].flat()
    this.secrets = login === undefined ? [] : [...writings(login), ...plainLogins(username ?? '', login)]
    this.texts = textsOf(EMAIL_PARTS, template)
    this.transport = smtpTransport(settings, {
      password: login,
      ca: ca === undefined ? undefined : revealed(ca, tools),
    })
    this.description = { host, port, tls, from, to: this.recipients }
    this.fingerprint = createHash('sha256')
      .update(`${host}:${port} ${this.recipients.join(' ')}`)
      .digest('base64url')
      .slice(0, 16)
  }

  async send(outgoing: Outgoing): Promise<Outcome> {
    const texts = this.texts.of(textModel(outgoing.message, this.tools))
    const mail = mailOf(outgoing, textModel(outgoing.message, this.tools), texts, this.settings)
    return { ...(await this.deliver(outgoing, mail)), ...texts.note }
  }

  async close(): Promise<void> {
    this.transport.close()
  }

  /** To those that no earlier attempt served. */
  private async deliver({ done = [] }: Outgoing, mail: ReturnType<typeof mailOf>): Promise<Outcome> {
    const left = this.recipients.filter((recipient) => !done.includes(recipient))
    if (left.length === 0) return { kind: 'delivered' }
    try {
      const sent = await this.transport.send({ ...mail, envelope: { from: bareAddress(this.settings.from), to: left } })
      const refused = refusedIn(sent, left)
      const served = left.filter((recipient) => !refused.some((one) => one.recipient === recipient))
      return recipientsOutcome([...done, ...served], refused, this.secrets)
    } catch (error) {
      const refused = refusedIn(error as Sent, left)
      return refused.length === left.length
        ? recipientsOutcome(done, refused, this.secrets)
        : failureOutcome(error, done, this.secrets)
    }
  }
}

function refusedIn({ rejectedErrors = [] }: Sent, left: readonly string[]): RefusedRecipient[] {
  return left.flatMap((recipient) => {
    const found = rejectedErrors.find((error) => error.recipient === recipient)
    return found ? [{ recipient, status: found.responseCode, response: found.response ?? '' }] : []
  })
}

/** As a login is written in the dialogue (RFC 4616), which a server's answer may repeat. */
const plainLogins = (username: string, password: string): string[] => [
  Buffer.from(`\0${username}\0${password}`).toString('base64'),
  Buffer.from(`${username}\0${username}\0${password}`).toString('base64'),
]

function loginCheck({ username, password, tls }: Readonly<Record<string, unknown>>): Fault[] {
  const faults: Fault[] = []
  if ((username === undefined) !== (password === undefined))
    faults.push({
      pointer: username === undefined ? '/username' : '/password',
      detail: 'missing: a login is a user and a password',
    })
  if (password !== undefined && tls === 'none')
    faults.push({ pointer: '/tls', detail: 'must be starttls or tls where there is a password' })
  return faults
}
