import type { ConditionAnswer } from '@quorate/contracts'
import type { Condition, Conditions } from '@quorate/streams'

/** A condition in JSON. */
export type ConditionReport = ConditionAnswer

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
