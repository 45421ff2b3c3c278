import type { View } from '@quorate/contracts'
import type { ChangeMessage } from '../outbox/message'
import { brief, plain } from './plain'
import { dissent, majority, tallyText } from './votes'

/** Longest text of somebody else's that is repeated. */
const LONGEST = 500

const ENDED: Readonly<Partial<Record<string, string>>> = {
  'override-cleared': 'override cleared',
  'override-expired': 'override ended',
  'override-agreed': 'override and vote agree',
}

/**
 * Who says so, in one line: the votes and the dissenters, or who overrode it and why.
 * @param at writes a point in time, ms
 */
export function why({ view, cause }: Pick<ChangeMessage, 'view' | 'cause'>, at: (ms: number) => string): string {
  if (!view) return cause === 'forgotten' ? 'forgotten: nobody reports it any more' : 'deleted'
  const { override } = view
  if (override && cause === 'override') {
    const until = override.expiresAt === null ? '' : ` until ${at(override.expiresAt)}`
    const reason = override.reason === null ? '' : `: ${brief(override.reason, LONGEST)}`
    return `set by ${brief(override.author ?? 'someone', LONGEST)}${until}${reason}`
  }
  if (cause === 'quorum-lost') return `${view.participants} of ${view.electorate} heard, ${view.quorum} needed`
  if (cause === 'no-majority') return `no majority: ${tallyText(view)}`
  return [ENDED[cause ?? ''], said(view)].filter((part) => part !== undefined && part !== '').join('; ')
}

/** `2 of 3 say down (last: agent-1), 1 says up`: behind the majority the agent that reported last and so led to it. */
function said(view: View): string {
  const agent = view.trigger?.agent
  const by = agent === undefined ? '' : `(last: ${plain(agent)})`
  const votes = [majority(view), by].filter((part) => part !== '').join(' ')
  return [votes, dissent(view)].filter((part) => part !== '').join(', ')
}
