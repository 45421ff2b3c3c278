import { isFailing } from './headline'
import type { ChangeText, TextModel } from './model'
import { before, changeLine, oneLine } from './one-line'

/**
 * The built-in plain text: what changed, since when, who says so, who overrode it and why, for how long, and where to
 * look.
 */
export function text(model: TextModel): string {
  if (model.kind === 'notice') return `${noticeText(model)}\n`
  return `${model.kind === 'change' ? changeText(model.changes[0]!) : groupText(model)}\n`
}

/** Rows of `label  value` that apply to a change, in the order in which people ask. */
export function facts(change: ChangeText): [label: string, value: string][] {
  const { override, dependants, lasted, previous } = change
  const rows: [string, string | null | false][] = [
    ['before', previous !== null && (lasted === null ? previous : `${previous}, for ${lasted}`)],
    ['since', change.sinceText],
    ['votes', [change.majority, change.dissent].filter((part) => part !== null).join('; ')],
    ['heard', change.electorate !== null && `${change.participants} of ${change.electorate}, ${change.quorum} needed`],
    ['reported by', change.agent],
    ['override', override && `to ${override.state} by ${override.author ?? 'someone'}, ${override.untilText === null ? 'until cleared' : `until ${override.untilText}`}`],
    ['reason', override && (override.reason ?? 'none given')],
    ['the vote says', override && override.voted],
    ['why', change.cause !== 'vote' && change.cause !== 'override' && change.why],
    ['flapping', change.flaps !== null && `${change.flaps} changes were not told one by one`],
    ['marks', change.marks.join(', ')],
    ['policy', change.policy],
    ['depend on it', dependants && `${dependants.objects.join(', ')}${dependants.more > 0 ? ` and ${dependants.more} more` : ''}`],
  ] // prettier-ignore
  return rows.filter((row): row is [string, string] => typeof row[1] === 'string' && row[1] !== '')
}

function changeText(change: ChangeText): string {
  const rows = facts(change)
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)
  const was = before(change)
  const opening = was === '' ? change.headline : `${change.headline} (${was})`
  return [opening, '', ...lines, ...(change.link === null ? [] : ['', change.link])].join('\n')
}

function groupText({ headline, changes, more }: TextModel): string {
  const rest = more > 0 ? ['', `… and ${more} more`] : []
  return [headline, '', ...changes.map((change) => `- ${change.atText} ${changeLine(change)}`), ...rest].join('\n')
}

function noticeText(model: TextModel): string {
  if (isFailing(model.notice!))
    return [
      oneLine(model),
      '',
      'What it is owed waits, and is sent once it answers again. Until then it tells nobody anything:',
      'quorate deliveries list --status pending',
    ].join('\n')
  return [
    oneLine(model),
    '',
    'Nothing more is sent there until the endpoint answers again, or the dead letter is redriven:',
    `quorate deliveries redrive ${model.notice!.delivery}`,
  ].join('\n')
}
