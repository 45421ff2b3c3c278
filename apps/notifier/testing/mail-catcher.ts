import { type ParsedMail, simpleParser } from 'mailparser'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate'

export interface CaughtMail {
  /** As it came over the wire, headers and all. */
  readonly raw: string
  readonly mail: ParsedMail
  readonly recipients: readonly string[]
  readonly user: string | undefined
  readonly secure: boolean
}

/** Where in the dialogue a server says no. */
export type Stage = 'login' | 'mail' | 'recipient' | 'data'

/** What it says: SMTP's code and a text; undefined: it takes it. */
export type Refusal = { readonly code: number; readonly text: string } | undefined

export interface MailCatcherOptions {
  readonly username?: string
  readonly password?: string
  /** Without STARTTLS. */
  readonly inTheClear?: boolean
  /** TLS from the first byte. */
  readonly secure?: boolean
  readonly port?: number
}

/** A real SMTP server on loopback, with STARTTLS and a login; keeps what it took, parsed. */
export class MailCatcher {
  readonly mails: CaughtMail[] = []
  /** Attempts at a mail, those refused included. */
  attempts = 0
  refuse: (stage: Stage, what: string) => Refusal = () => undefined
  /** Never answers the mail's data. */
  silent = false
  private readonly server: SMTPServer
  private waiting: (() => void)[] = []

  private constructor({ username, password, inTheClear = false, secure = false }: MailCatcherOptions) {
    this.server = new SMTPServer({
      secure,
      key: CERTIFICATE_KEY,
      cert: CERTIFICATE,
      authOptional: username === undefined,
      disabledCommands: inTheClear ? ['STARTTLS', 'AUTH'] : username === undefined ? ['AUTH'] : [],
      closeTimeout: 100,
      ...this.handlers(username, password),
    })
    // A client that goes away in the middle is no fault of ours.
    this.server.on('error', () => undefined)
  }

  static async listen(options: MailCatcherOptions = {}): Promise<MailCatcher> {
    const catcher = new MailCatcher(options)
    await new Promise<void>((resolve) => catcher.server.listen(options.port ?? 0, '127.0.0.1', resolve))
    return catcher
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.server.connections.size
  }

  /** Waits until there are so many mails. */
  async caught(count: number): Promise<readonly CaughtMail[]> {
    while (this.mails.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.mails
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private handlers(username: string | undefined, password: string | undefined): SMTPServerOptions {
    return {
      onAuth: (auth, _session, done) => {
        const refusal = this.refuse('login', auth.password ?? '')
        if (refusal) return done(error(refusal))
        if (auth.username === username && auth.password === password) return done(null, { user: auth.username ?? '' })
        return done(error({ code: 535, text: `no login for ${auth.username} with ${auth.password}` }))
      },
      onMailFrom: ({ address }, _session, done) => {
        this.attempts++
        done(error(this.refuse('mail', address)))
      },
      onRcptTo: ({ address }, _session, done) => done(error(this.refuse('recipient', address))),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8')
          if (this.silent) return
          const refusal = this.refuse('data', raw)
          if (refusal) return done(error(refusal))
          const recipients = session.envelope.rcptTo.map(({ address }) => address)
          void simpleParser(raw).then((mail) => {
            this.mails.push({ raw, mail, recipients, user: session.user as string | undefined, secure: session.secure })
            done()
            for (const wake of this.waiting.splice(0)) wake()
          })
        })
      },
    }
  }
}

const error = (refusal: Refusal): Error | null =>
  refusal ? Object.assign(new Error(refusal.text), { responseCode: refusal.code }) : null
