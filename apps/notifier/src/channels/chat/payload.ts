import { oneLine, type Rendering, type TextModel, type Tone } from '../../templates'
import { markdown, MARKDOWN, SLACK } from '../../templates'

/** Which chat it is: they take the same webhook and differ in how they mark text up, and in how much they take. */
export const FLAVOURS = {
  slack: { dialect: SLACK, most: 3_000 },
  mattermost: { dialect: MARKDOWN, most: 6_000 },
  discord: { dialect: MARKDOWN, most: 1_900 },
} as const
export type Flavour = keyof typeof FLAVOURS

export const CHAT_PARTS = { text: 'chat' } as const
export type ChatPart = keyof typeof CHAT_PARTS

const COLOUR: Readonly<Record<Tone, string>> = { bad: '#c62f36', good: '#1f7f3f', other: '#8f6200' }

/**
 * Body for an incoming webhook (https://api.slack.com/messaging/webhooks): the built-in text as an attachment, so that
 * it has a colour; an operator's text as the message itself.
 */
export function chatPayload(model: TextModel, texts: Rendering<ChatPart>, flavour: Flavour): object {
  const { dialect, most } = FLAVOURS[flavour]
  const text = texts.text('text', (of) => markdown(of, dialect, most)).slice(0, most)
  if (texts.wrote('text')) return { text }
  return {
    attachments: [{ color: COLOUR[model.tone], fallback: oneLine(model).slice(0, most), text, mrkdwn_in: ['text'] }],
  }
}
