import { isIP, type Socket } from 'node:net'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { allowList } from '../address-guard'
import { guardedSocket } from '../guarded-socket'
import type { EmailSettings, Privacy } from './settings'

/** Connections to one server, each of them with many mails. */
export const CONNECTIONS = 3
const MAILS_A_CONNECTION = 100
const TIMEOUT = 30
const PORTS: Readonly<Record<Privacy, number>> = { starttls: 587, tls: 465, none: 25 }

/** Secrets as they are in use, and never elsewhere. */
export interface Credentials {
  readonly password: string | undefined
  readonly ca: string | undefined
}

/** What a server made of one mail. */
export interface Sent {
  readonly rejectedErrors?:
    readonly { recipient?: string; responseCode?: number; response?: string; message?: string }[] | undefined
}

export interface Transport {
  /** @throws errors of nodemailer, with SMTP's code and answer */
  send(mail: SendMailOptions): Promise<Sent>
  close(): void
}

export const portOf = ({ port, tls = 'starttls' }: Pick<EmailSettings, 'port' | 'tls'>): number => port ?? PORTS[tls]

/** A pool of connections by nodemailer over sockets of our own, whose addresses are judged at every connection. */
export function smtpTransport(settings: EmailSettings, { password, ca }: Credentials): Transport {
  const { host, tls = 'starttls', username, allowAddresses = [], timeout = TIMEOUT, resolve } = settings
  const port = portOf(settings)
  const timeoutMs = timeout * 1000
  const allowed = allowList(allowAddresses)
  const transport = createTransport({
    pool: true,
    host,
    port,
    maxConnections: CONNECTIONS,
    maxMessages: MAILS_A_CONNECTION,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: {
      minVersion: 'TLSv1.2',
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    },
    ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    getSocket: (_options: unknown, done: (error: Error | null, socket?: { connection: Socket }) => void) => {
      guardedSocket({ host, port, allowed, timeoutMs, resolve }).then(
        (connection) => done(null, { connection }),
        (error: Error) => done(error),
      )
    },
  })
  return {
    send: (mail) => transport.sendMail(mail) as Promise<Sent>,
    close: () => transport.close(),
  }
}
