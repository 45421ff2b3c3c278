import type { RuleFaultReason } from '@quorate/contracts'

export type { RuleFaultReason }

/** Why the rule of a policy cannot decide (docs/spec/vote.md, 5). */
export interface RuleFault {
  readonly reason: RuleFaultReason
  /** The policy's method. */
  readonly method: string
  /** For people; bounded length. */
  readonly detail: string
}

/** An object whose rule cannot decide: its last voted state is held. */
export interface RuleHold {
  readonly reason: RuleFaultReason
  /** ms: the evaluation that first found it so. */
  readonly since: number
  /** ms: when the rule is asked again if no record arrives before. */
  readonly retryAt: number
}

/**
 * ms between two tries of a rule on an object that gets no reports. Retries are at full minutes of stream time, so that
 * one tick per partition serves all objects.
 */
const RETRY = 60_000

const nextTry = (now: number): number => (Math.floor(now / RETRY) + 1) * RETRY

export const held = (before: RuleHold | null, { reason }: RuleFault, now: number): RuleHold => ({
  reason,
  since: before === null || before.reason !== reason ? now : before.since,
  retryAt: nextTry(now),
})

/** Longest error text that is kept. */
const MAX_DETAIL = 256

export const notRegistered = (method: string): RuleFault => ({
  reason: 'rule-not-registered',
  method,
  detail:
    `the rule ${JSON.stringify(method)} is not registered in this process: register it and restart, or change ` +
    'or delete the policy',
})

export const failed = (method: string, why: string): RuleFault => ({
  reason: 'rule-failed',
  method,
  detail: `the rule ${JSON.stringify(method)} ${why.length > MAX_DETAIL ? `${why.slice(0, MAX_DETAIL)}…` : why}`,
})
