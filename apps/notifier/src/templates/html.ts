import type { ChangeText, TextModel, OverrideText } from './model'
import { before, oneLine } from './one-line'
import { facts } from './text'
import type { Tone } from './tone'

/**
 * The built-in HTML of mails. Tables and styles in the tags, since that is what mail clients agree on; the style sheet
 * only turns the colours round where the client is dark and asks for it.
 */
export function html(model: TextModel): string {
  const body =
    model.kind === 'notice' ? notice(model) : model.kind === 'change' ? change(model.changes[0]!) : group(model)
  return page(model, body)
}

/** Everything from outside goes through here. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const INK = '#1b1f24'
const DIM = '#5b6570'
const LINE = '#e3e7eb'
/** Strong enough on white and on black, with white letters on them. */
const COLOUR: Readonly<Record<Tone, string>> = { bad: '#c62f36', good: '#1f7f3f', other: '#8f6200' }

const DARK = [
  'body,.page{background:#0e1116!important}',
  '.card{background:#171b21!important;border-color:#2b323b!important}',
  '.ink{color:#e8ecf1!important}',
  '.dim{color:#9aa5b1!important}',
  '.line{border-color:#2b323b!important}',
  '.note{background:#20262e!important}',
  '.open{background:#e8ecf1!important;color:#0e1116!important}',
].join('')

function page(model: TextModel, body: string): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">' +
    `<title>${escapeHtml(model.headline)}</title>` +
    `<style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){${DARK}}</style></head>` +
    `<body style="margin:0;padding:0;background:#f3f5f7">` +
    `<div style="display:none;max-height:0;overflow:hidden">${escapeHtml(oneLine(model))}</div>` +
    '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f5f7"><tr><td align="center" style="padding:24px 12px">' +
    `<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid ${LINE};border-radius:8px;border-collapse:separate;overflow:hidden">` +
    `<tr><td style="height:4px;line-height:4px;font-size:0;background:${COLOUR[model.tone]}">&nbsp;</td></tr>` +
    `<tr><td class="ink" style="padding:24px 28px 26px;${FONT};font-size:15px;line-height:1.5;color:${INK};word-break:break-word;overflow-wrap:anywhere">${body}</td></tr></table>` +
    `<p class="dim" style="max-width:600px;margin:14px 0 0;${FONT};font-size:12px;line-height:1.4;color:${DIM}">Told by Quorate · ${escapeHtml(model.event)}</p>` +
    '</td></tr></table></body></html>'
  )
}

function change(one: ChangeText): string {
  const was = before(one)
  return (
    title(one) +
    (was === '' ? '' : `<p class="dim" style="margin:4px 0 0;color:${DIM}">${escapeHtml(was)}</p>`) +
    voteBar(one) +
    (one.override ? overrideNote(one.override) : '') +
    factTable(facts(one).filter(([label]) => !OWN_PLACE.has(label))) +
    (one.link === null ? '' : button(one.link, `Open ${one.object.length > 40 ? 'the object' : one.object}`))
  )
}

/** What the page shows elsewhere than in the table. */
const OWN_PLACE: ReadonlySet<string> = new Set(['before', 'votes', 'override', 'reason', 'the vote says'])

function title(one: ChangeText): string {
  return (
    `<h1 class="ink" style="margin:0;font-size:20px;line-height:1.35;font-weight:600;color:${INK}">${escapeHtml(one.object)} ` +
    `${pill(one.became, one.tone)}</h1>`
  )
}

const pill = (text: string, tone: Tone): string =>
  `<span style="display:inline-block;padding:1px 9px 2px;border-radius:11px;background:${COLOUR[tone]};color:#ffffff;font-size:14px;line-height:1.4;font-weight:600;white-space:nowrap;vertical-align:1px">${escapeHtml(text)}</span>`

/** The tally as one bar, widths by weight, and in words. */
function voteBar({ votes, majority, dissent }: ChangeText): string {
  if (majority === null) return ''
  const cells = votes.map(
    ({ percent, tone, agrees }) =>
      `<td width="${percent}%" style="height:8px;line-height:8px;font-size:0;background:${COLOUR[tone]};opacity:${agrees ? '1' : '0.45'}">&nbsp;</td>`,
  )
  return (
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:18px 0 6px;border-radius:4px;overflow:hidden;border-collapse:separate"><tr>${cells.join('')}</tr></table>` +
    `<p style="margin:0">${escapeHtml(majority)}${dissent === null ? '' : `<span class="dim" style="color:${DIM}"> · ${escapeHtml(dissent)}</span>`}</p>`
  )
}

function overrideNote({ state, author, reason, untilText, voted }: OverrideText): string {
  const until = untilText === null ? 'until cleared' : `until ${untilText}`
  return (
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:16px 0 0"><tr><td class="note" style="padding:12px 16px;background:#f3f5f7;border-radius:6px">` +
    `<p style="margin:0"><strong>${escapeHtml(author ?? 'Someone')}</strong> set it to <strong>${escapeHtml(state)}</strong>, ${escapeHtml(until)}</p>` +
    (reason === null ? '' : `<p style="margin:4px 0 0">“${escapeHtml(reason)}”</p>`) +
    `<p class="dim" style="margin:4px 0 0;color:${DIM}">The vote underneath says ${escapeHtml(voted)}.</p></td></tr></table>`
  )
}

function factTable(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([label, value]) =>
      `<tr><td class="dim line" valign="top" style="padding:7px 16px 7px 0;border-top:1px solid ${LINE};color:${DIM};white-space:nowrap;font-size:14px">${escapeHtml(label)}</td>` +
      `<td class="line" width="100%" style="padding:7px 0;border-top:1px solid ${LINE};font-size:14px">${escapeHtml(value)}</td></tr>`,
  )
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:18px 0 0">${cells.join('')}</table>`
}

const button = (url: string, text: string): string =>
  `<p style="margin:22px 0 0"><a class="open" href="${escapeHtml(url)}" style="display:inline-block;padding:9px 18px;border-radius:6px;background:${INK};color:#ffffff;font-weight:600;font-size:14px;text-decoration:none">${escapeHtml(text)}</a></p>`

function group({ headline, changes, more }: TextModel): string {
  const rows = changes.map(
    (one) =>
      `<tr><td class="line" valign="top" style="padding:9px 14px 9px 0;border-top:1px solid ${LINE}">${pill(one.became, one.tone)}</td>` +
      `<td class="line" width="100%" style="padding:9px 0;border-top:1px solid ${LINE}">${objectName(one)}` +
      `<br><span class="dim" style="color:${DIM};font-size:13px">${escapeHtml([one.atText, before(one), one.why].filter((part) => part !== '').join(' · '))}</span></td></tr>`,
  )
  return (
    `<h1 class="ink" style="margin:0;font-size:20px;line-height:1.35;font-weight:600;color:${INK}">${escapeHtml(headline)}</h1>` +
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:18px 0 0">${rows.join('')}</table>` +
    (more > 0
      ? `<p class="dim line" style="margin:0;padding:9px 0 0;border-top:1px solid ${LINE};color:${DIM}">… and ${more} more</p>`
      : '')
  )
}

const objectName = ({ object, link }: ChangeText): string =>
  link === null
    ? `<strong>${escapeHtml(object)}</strong>`
    : `<a class="ink" href="${escapeHtml(link)}" style="color:${INK};font-weight:600;text-decoration:none">${escapeHtml(object)}</a>`

function notice({ headline, notice: about }: TextModel): string {
  const { reason, delivery, object } = about!
  return (
    `<h1 class="ink" style="margin:0;font-size:20px;line-height:1.35;font-weight:600;color:${INK}">${escapeHtml(headline)}</h1>` +
    factTable([
      ['reason', reason],
      ['was to be told', object],
      ['delivery', delivery],
    ]) +
    `<p style="margin:18px 0 0">It is in the dead letters. When the endpoint is well again:<br><code>quorate deliveries redrive ${escapeHtml(delivery)}</code></p>`
  )
}
