import type { Condition, Conditions } from '@quorate/streams'

/** A condition in JSON. */
export interface ConditionReport {
  readonly code: string
  readonly partition?: number
  readonly subject?: string
  readonly position?: number
  readonly reason: string
  readonly detail?: string
  readonly blocks: readonly string[]
  readonly since: string
  /** ms. */
  readonly age: number
}

/** As everybody may see them. */
export const conditionReports = (conditions: Conditions, now = Date.now()): ConditionReport[] =>
  conditions.all().map((condition) => reportOf(condition, now))

/** As operators see them: with `detail`. */
export const detailedReports = (conditions: Conditions, now = Date.now()): ConditionReport[] =>
  conditions.all().map((condition) => {
    const { detail } = condition
    return { ...reportOf(condition, now), ...(detail === undefined ? {} : { detail }) }
  })

function reportOf(
  { code, partition, subject, position, reason, blocks, since }: Condition,
  now: number,
): ConditionReport {
  return {
    code,
    ...(partition === undefined ? {} : { partition }),
    ...(subject === undefined ? {} : { subject }),
    ...(position === undefined ? {} : { position }),
    reason,
    blocks,
    since: new Date(since).toISOString(),
    age: Math.max(0, now - since),
  }
}
