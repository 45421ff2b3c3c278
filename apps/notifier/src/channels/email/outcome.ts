import type { Outcome } from '../channel'
import { faultCode } from '../fault-code'
import { printable } from '../http-outcome'
import { masked } from '../masking'

/** What nodemailer says of recipients that were refused. */
export interface RefusedRecipient {
  readonly recipient: string
  /** SMTP status; undefined: the server did not say one. */
  readonly status: number | undefined
  readonly response: string
}

interface SmtpError {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
  readonly response?: string
}

/** 421: the whole server asks to be left alone for a while (RFC 5321, 3.8). */
const THROTTLE = 421

/**
 * Every recipient has been answered for: those that are served are never sent to again, whatever becomes of the others.
 */
export function recipientsOutcome(
  served: readonly string[],
  refused: readonly RefusedRecipient[],
  secrets: readonly string[],
): Outcome {
  if (refused.length === 0) return { kind: 'delivered', status: 250 }
  const soft = refused.find(({ status }) => status === undefined || status < 500)
  const { status, response } = soft ?? refused[0]!
  const all = served.length + refused.length
  const some =
    all === 1
      ? ''
      : `: ${refused.length} of ${all} recipients refused${served.length > 0 ? ', the others have it' : ''}`
  const said = {
    reason: `smtp-${status ?? 'refused'}${some}`,
    ...(status === undefined ? {} : { status }),
    ...excerptOf(
      refused.length === 1 ? response : refused.map((one) => `${one.recipient}: ${one.response}`).join('; '),
      secrets,
    ),
    ...(served.length > 0 ? { done: served } : {}),
  }
  if (!soft) return { kind: 'dead', ...said }
  return { kind: 'retry', ...said, ...(status === THROTTLE ? { throttle: true } : {}) }
}

/** The attempt failed as a whole: before any recipient, or for all of them. */
export function failureOutcome(error: unknown, done: readonly string[], secrets: readonly string[]): Outcome {
  const { code, command, responseCode: status, response = '' } = error as SmtpError
  const before = done.length > 0 ? { done } : {}
  // Login and greeting say something of us or of the server, not of this mail: they are mended, and the mail goes then.
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return { kind: 'retry', reason: 'smtp-login-refused', ...before, ...statusOf(status) }
  if (code === 'ETLS') return { kind: 'retry', reason: 'smtp-no-tls', ...before }
  if (status === undefined) return { kind: 'retry', reason: reasonOf(error), ...before }
  const said = { reason: `smtp-${status}`, status, ...excerptOf(response, secrets), ...before }
  const ofThisMail = command !== undefined && /^(MAIL|RCPT|DATA|API)/.test(command)
  if (status >= 500 && ofThisMail) return { kind: 'dead', ...said }
  return { kind: 'retry', ...said, ...(status === THROTTLE ? { throttle: true } : {}) }
}

const statusOf = (status: number | undefined): { status?: number } => (status === undefined ? {} : { status })

function excerptOf(response: string, secrets: readonly string[]): { excerpt?: string } {
  const excerpt = printable(masked(response, secrets))
  return excerpt === '' ? {} : { excerpt }
}

const WORDS: Readonly<Partial<Record<string, string>>> = {
  ETIMEDOUT: 'timeout',
  ESOCKET: 'connection-lost',
  ECONNECTION: 'connection-lost',
}

function reasonOf(error: unknown): string {
  const code = faultCode(error) ?? 'failed'
  // nodemailer writes its own code over that of TLS: only the message tells a refused certificate from a lost
  // connection.
  if (code === 'ESOCKET' && /certificate|altnames/i.test((error as Error).message)) return 'smtp-certificate-refused'
  return WORDS[code] ?? code
}
