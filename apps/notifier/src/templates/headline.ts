import type { ChangeMessage, GroupMessage, Message } from '../outbox/message'
import { plain } from './plain'

/** What happened, in a few words: subject of mails, title of alerts. */
export function headline(message: Message): string {
  if (message.kind === 'notice') return `endpoint ${plain(message.endpoint)} gives up: ${plain(message.reason)}`
  return message.kind === 'group' ? groupHeadline(message) : changeHeadline(message)
}

/** What became of an object: `down`, `gone`, `flapping`. */
export function becameOf({ state, flapping, repeat }: ChangeMessage): string {
  if (flapping?.phase === 'began') return 'flapping'
  const word = state ?? 'gone'
  return flapping ? `settled: ${word}` : repeat === undefined ? word : `still ${word}`
}

function changeHeadline(message: ChangeMessage): string {
  const dependants = message.dependants?.total ?? 0
  const others = dependants === 0 ? '' : ` (and ${dependants} that depend${dependants === 1 ? 's' : ''} on it)`
  const verb = message.flapping?.phase === 'settled' ? 'has' : 'is'
  return `${plain(message.object)} ${verb} ${becameOf(message)}${others}`
}

/** `12 changes (policy web): 10 down, 2 up`. Of a list that is cut only the states are told, since not all are counted. */
function groupHeadline({ labels, changes, total }: GroupMessage): string {
  const counts = new Map<string, number>()
  for (const change of changes) counts.set(becameOf(change), (counts.get(becameOf(change)) ?? 0) + 1)
  const whole = total === changes.length && counts.size > 1
  const states = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => (whole ? `${count} ${state}` : state))
  const common = Object.entries(labels)
    .map(([label, value]) => `${label} ${plain(value)}`)
    .join(', ')
  return `${total} changes${common === '' ? '' : ` (${common})`}: ${states.slice(0, 4).join(', ')}${states.length > 4 ? ', …' : ''}`
}
