import type { ChangeMessage, GroupMessage, Message, NoticeMessage } from '../outbox/message'
import { plain } from './plain'

/** What happened, in a few words: subject of mails, title of alerts. */
export function headline(message: Message): string {
  if (message.kind === 'notice') return noticeHeadline(message)
  return message.kind === 'group' ? groupHeadline(message) : changeHeadline(message)
}

/** How reasons begin of an endpoint that fails and is tried further. */
const FAILING = 'failing: '

export const isFailing = ({ reason }: { readonly reason: string }): boolean => reason.startsWith(FAILING)

function noticeHeadline({ endpoint, reason }: NoticeMessage): string {
  return isFailing({ reason })
    ? `endpoint ${plain(endpoint)} is failing: ${plain(reason.slice(FAILING.length))}`
    : `endpoint ${plain(endpoint)} gives up: ${plain(reason)}`
}

/** What became of an object: `down`, `gone`, `flapping`, `no longer reported here`. */
export function becameOf({ state, flapping, repeat, closes }: ChangeMessage): string {
  if (closes === 'removed') return 'no longer reported here'
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

/** Objects of a group that its headline names, and characters of each name. */
const NAMED = 3
const LONGEST_NAME = 40

/**
 * `site/x, site/y are down`, `site/x, site/y, site/z and 9 more: 10 down, 2 up (policy web)`. Of a list that is cut
 * states are told without counts.
 */
function groupHeadline({ labels, changes, total }: GroupMessage): string {
  const [first] = changes
  if (first && total === 1) return changeHeadline(first)
  const counts = new Map<string, number>()
  for (const change of changes) counts.set(becameOf(change), (counts.get(becameOf(change)) ?? 0) + 1)
  const whole = total === changes.length
  const states = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => (whole ? `${count} ${state}` : state))
  const common = Object.entries(labels)
    .map(([label, value]) => `${label} ${plain(value)}`)
    .join(', ')
  const named = changes.slice(0, NAMED).map(({ object }) => shortened(plain(object)))
  const more = total - named.length
  const names = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  const [only] = counts.keys()
  const said =
    whole && counts.size === 1 && !only!.includes(':')
      ? ` are ${only}`
      : `: ${states.slice(0, 4).join(', ')}${states.length > 4 ? ', …' : ''}`
  return `${names}${said}${common === '' ? '' : ` (${common})`}`
}

const shortened = (name: string): string =>
  name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1).toWellFormed()}…`
