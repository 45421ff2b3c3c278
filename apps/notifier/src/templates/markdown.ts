import type { ChangeText, TextModel } from './model'
import { before, oneLine } from './one-line'

/** How a chat writes bold and links, and what it would take for a mention or for markup. */
export interface Dialect {
  readonly bold: (text: string) => string
  readonly link: (url: string, text: string) => string
  readonly escape: (text: string) => string
}

const ZERO_WIDTH = '\u200B'

/**
 * Slack's mrkdwn (https://api.slack.com/reference/surfaces/formatting): `&`, `<` and `>` are escaped, which mutes
 * mentions too.
 */
export const SLACK: Dialect = {
  bold: (text) => `*${text}*`,
  link: (url, text) => `<${url}|${text}>`,
  escape: (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/[*_~`]/g, `${ZERO_WIDTH}$&${ZERO_WIDTH}`),
}

/** Markdown of Mattermost and Discord: a backslash before what has a meaning; nobody is mentioned. */
export const MARKDOWN: Dialect = {
  bold: (text) => `**${text}**`,
  link: (url, text) => `[${text}](${url})`,
  escape: (text) => text.replace(/[\\*_~`|<>[\]()#]/g, '\\$&').replaceAll('@', `@${ZERO_WIDTH}`),
}

/** The built-in chat text. The first line says it all; a list is cut so that the text has at most `most` characters. */
export function markdown(model: TextModel, dialect: Dialect, most: number): string {
  const { escape, bold } = dialect
  if (model.kind === 'notice') return escape(oneLine(model)).slice(0, most)
  if (model.kind === 'change') return change(model.changes[0]!, dialect)
  return list(
    bold(escape(model.headline)),
    model.changes.map((one) => `• ${line(one, dialect)}`),
    model.total,
    most,
  )
}

function change(one: ChangeText, dialect: Dialect): string {
  const { escape } = dialect
  const details = [
    one.why,
    one.override && one.cause !== 'override'
      ? `overridden to ${one.override.state} by ${one.override.author ?? 'someone'}`
      : '',
  ]
  const dependants =
    one.dependants &&
    `depend on it: ${one.dependants.objects.join(', ')}${one.dependants.more > 0 ? ` and ${one.dependants.more} more` : ''}`
  return [
    opening(one, dialect),
    ...[...details, dependants ?? '', one.marks.join(', ')].filter((part) => part !== '').map(escape),
    `since ${escape(one.sinceText)}`,
  ].join('\n')
}

const line = (one: ChangeText, dialect: Dialect): string =>
  `${opening(one, dialect)}${one.why === '' ? '' : `: ${dialect.escape(one.why)}`}`

function opening(one: ChangeText, dialect: Dialect): string {
  const object = dialect.escape(one.object)
  const linked = one.link === null ? dialect.bold(object) : dialect.link(one.link, object)
  const was = before(one)
  const rest = one.headline.startsWith(one.object) ? one.headline.slice(one.object.length) : ` ${one.became}`
  return `${linked}${dialect.escape(rest)}${was === '' ? '' : dialect.escape(` (${was})`)}`
}

/** As many lines as fit, and a count of those that do not. */
function list(opening: string, lines: readonly string[], total: number, most: number): string {
  const shown = [opening]
  let length = opening.length
  for (const one of lines) {
    if (length + one.length + 30 > most) break
    shown.push(one)
    length += one.length + 1
  }
  const more = total - (shown.length - 1)
  return more > 0 ? [...shown, `… and ${more} more`].join('\n') : shown.join('\n')
}
