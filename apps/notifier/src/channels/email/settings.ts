import { Type } from '@sinclair/typebox'
import type { Sources } from '../../templates'
import type { Resolve } from '../address-guard'
import { ADDRESSES, CLOSED, type GivenSecret, SECONDS, SECRET, TEMPLATE } from '../settings'

export const EMAIL_PARTS = { subject: 'none', text: 'none', html: 'html' } as const
export type EmailPart = keyof typeof EMAIL_PARTS

/**
 * How the connection is made private: `starttls` asks for it and goes no further without it; `tls` from the first byte
 * on; `none` in the clear, for a server on this machine.
 */
export type Privacy = 'starttls' | 'tls' | 'none'

export interface EmailSettings {
  readonly host: string
  /** 587; 465 with `tls: tls`, 25 with `tls: none`. */
  readonly port?: number
  readonly tls?: Privacy
  /** Authorities that sign the server's certificate, PEM: `${file:/path}`. */
  readonly ca?: GivenSecret
  readonly username?: string
  readonly password?: GivenSecret
  readonly from: string
  readonly to: string | readonly string[]
  readonly replyTo?: string
  readonly template?: Sources<EmailPart>
  readonly allowAddresses?: readonly string[]
  /** Seconds without an answer. */
  readonly timeout?: number
  /** In place of the system's resolver. */
  readonly resolve?: Resolve
}

const ADDRESS_PATTERN = '^[^\\s<>@,;:"()\\\\]+@[^\\s<>@,;:"()\\\\]+$'
const ADDRESS = Type.String({
  pattern: ADDRESS_PATTERN,
  maxLength: 320,
  description: 'an address such as ops@example.com',
})
/** With a name: `Quorate <quorate@example.com>`. */
const NAMED_ADDRESS = Type.String({
  pattern: '^([^<>\\r\\n]{0,200}<[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@,;:"()]+@[^\\s<>@,;:"()]+)$',
  description: 'an address such as ops@example.com or Quorate <quorate@example.com>',
})

export const EMAIL_SCHEMA = Type.Object(
  {
    host: Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$', description: 'the name or address of an SMTP server' }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'a port' })),
    tls: Type.Optional(
      Type.Union([Type.Literal('starttls'), Type.Literal('tls'), Type.Literal('none')], {
        description: 'starttls, tls or none',
      }),
    ),
    ca: Type.Optional(Type.String({ description: 'PEM text, or a reference such as ${file:/path/ca.pem}' })),
    username: Type.Optional(Type.String({ minLength: 1, description: 'the name of a user' })),
    password: Type.Optional(SECRET),
    from: NAMED_ADDRESS,
    to: Type.Union([ADDRESS, Type.Array(ADDRESS, { minItems: 1, maxItems: 50 })], {
      description: 'an address, or a list of 1–50',
    }),
    replyTo: Type.Optional(ADDRESS),
    template: Type.Optional(
      Type.Object(
        { subject: Type.Optional(TEMPLATE), text: Type.Optional(TEMPLATE), html: Type.Optional(TEMPLATE) },
        { ...CLOSED, description: 'templates: subject, text, html' },
      ),
    ),
    allowAddresses: Type.Optional(ADDRESSES),
    timeout: Type.Optional(SECONDS(1, 300)),
  },
  { ...CLOSED, description: 'settings of mail: host, from, to and others, see docs/notify-channels.md' },
)

/** The address in `Name <address>`. */
export const bareAddress = (text: string): string => /<([^<>]+)>/.exec(text)?.[1] ?? text.trim()
