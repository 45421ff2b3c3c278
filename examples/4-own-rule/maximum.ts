import type { Rule } from '@quorate/engine'

/**
 * Decides for the largest number reported: the hottest sensor, the longest queue. A state that is not a number is
 * ignored. Without a number there is no winner. Of equal numbers written differently, the first by its text wins,
 * whatever the order of the reports.
 */
export const maximum: Rule = (participants) => {
  const reported = participants.map(({ state }) => state).filter((state) => /^\d+(\.\d+)?$/.test(state))
  if (reported.length === 0) return { contested: true, rule: 'maximum' }
  const winner = reported.sort().reduce((most, state) => (Number(state) > Number(most) ? state : most))
  return { winner, rule: 'maximum' }
}
