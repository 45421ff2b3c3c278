import { encodeView, type Policy, type View, type WireView } from '@quorate/contracts'
import type { Settings, VoteObject } from '@quorate/vote'

/** A view as text: canonical bytes, so that equal text is an equal view. */
export const viewText = (view: View): string => encodeView(view)

/** The same from a view as REST shows it. */
export function wireViewText(wire: WireView): string {
  const { since, decidedAt, override, ...rest } = wire
  const ends = override?.expiresAt
  return encodeView({
    ...rest,
    since: Date.parse(since),
    decidedAt: Date.parse(decidedAt),
    override: override === null ? null : { ...override, expiresAt: typeof ends === 'string' ? Date.parse(ends) : null },
  })
}

/**
 * Everything known of an object apart from its view: every agent's report with a hash of its evidence, ordered by
 * agent.
 */
export function reportsText(
  { rows, createdAt }: VoteObject,
  evidenceOf: (agent: string) => string | undefined,
): string {
  const lines = rows.map(({ agent, state, seq, session, at, lag, ttl, hasEvidence }) =>
    JSON.stringify({
      agent,
      state,
      seq,
      session,
      at: createdAt + at,
      lag,
      ttl,
      evidence: hasEvidence ? (evidenceOf(agent) ?? null) : false,
    }),
  )
  return lines.sort().join(' ')
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)
const sorted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/**
 * A policy's content, independent of the order of its members and of its thresholds (whose order counts only without
 * `states`).
 */
export const policyText = (policy: Policy): string =>
  JSON.stringify(policy, (key, value: unknown) => (key === 'thresholds' ? value : sorted(key, value)))

export const policiesText = (settings: Settings): string =>
  [...settings.policies()].sort(byName).map(policyText).join(' ')

export const agentsText = (settings: Settings): string =>
  [...settings.agents()]
    .map(([agent, { weight, muted }]) => JSON.stringify({ agent, weight, muted }))
    .sort()
    .join(' ')
