import type { ChangeText, TextModel } from './model'

/** Everything that matters, in one line and plain text: summaries of alerts, fallbacks of chats, previews of mails. */
export function oneLine(model: TextModel): string {
  const { notice, changes } = model
  if (notice) return `${model.headline}; delivery ${notice.delivery} about ${notice.object} is in the dead letters`
  return model.kind === 'change' ? changeLine(changes[0]!) : model.headline
}

/** `site/x is down (was up for 4 min): 2 of 3 say down, 1 says up (last: agent-1)` */
export function changeLine(change: ChangeText): string {
  const was = before(change)
  const flaps = change.flaps === null ? '' : `, ${change.flaps} changes`
  return `${change.headline}${was === '' ? '' : ` (${was}${flaps})`}${change.why === '' ? '' : `: ${change.why}`}`
}

/** `was up for 4 min`; empty where nothing is known. */
export function before({ previous, lasted, became }: ChangeText): string {
  if (previous === null || previous === 'unknown' || became.startsWith('still '))
    return lasted === null ? '' : `for ${lasted}`
  return `was ${previous}${lasted === null ? '' : ` for ${lasted}`}`
}
