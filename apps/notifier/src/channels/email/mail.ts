import { createHash } from 'node:crypto'
import type { SendMailOptions } from 'nodemailer'
import type { Outgoing } from '../channel'
import { brief, html, oneLine, type Rendering, text, type TextModel } from '../../templates'
import { bareAddress, type EmailPart, type EmailSettings } from './settings'

/** Longest subject; mail clients show less. */
const SUBJECT = 200

/** A mail, its recipients apart: the header names all of them, also when one of them is tried again alone. */
export function mailOf(
  { id, message, at }: Outgoing,
  model: TextModel,
  texts: Rendering<EmailPart>,
  { from, to, replyTo }: Pick<EmailSettings, 'from' | 'to' | 'replyTo'>,
): SendMailOptions {
  const domain = bareAddress(from).split('@').at(-1)!
  const thread = `<${threadOf(message.object)}@${domain}>`
  return {
    from,
    to: [to].flat(),
    ...(replyTo === undefined ? {} : { replyTo }),
    // The same on every attempt: who has it already sees no second one.
    messageId: `<${id}@${domain}>`,
    // Mails about one object hang together, though the first of them is not known here.
    inReplyTo: thread,
    references: thread,
    date: new Date(at),
    subject: brief(texts.text('subject', subject), SUBJECT),
    text: texts.text('text', text),
    html: texts.text('html', html),
    headers: {
      // RFC 3834: no out-of-office answers to this.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Quorate-Delivery': id,
      'X-Quorate-State': message.kind === 'change' ? (message.state ?? 'gone') : message.kind,
    },
    // Nothing in a text is a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The built-in subject: what happened, without the object's history. */
export const subject = (model: TextModel): string => (model.kind === 'notice' ? oneLine(model) : model.headline)

/** The opening of all mails about an object. */
const threadOf = (object: string): string => `object.${createHash('sha256').update(object).digest('hex').slice(0, 32)}`
