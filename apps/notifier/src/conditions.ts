import type { Conditions } from '@quorate/streams'
import type { LeftOut } from './configuration'

/** What may be wrong with a notifier, one row each. docs/errors.md lists exactly these. */
export const NOTIFIER_CONDITIONS = {
  NOTIFIER_ENTRY_LEFT_OUT: 'stored entries of the configuration do not pass and are left out',
} as const

const PARTS = ['receivers', 'routes', 'silences', 'inhibitions'] as const

/** Names the stored entries that are not in force, one condition for each part of the configuration. */
export function reportLeftOut(conditions: Conditions, leftOut: readonly LeftOut[]): void {
  const code = 'NOTIFIER_ENTRY_LEFT_OUT'
  for (const subject of PARTS) {
    const found = leftOut.filter(({ part }) => part === subject)
    if (found.length === 0) conditions.clear({ code, subject })
    else
      conditions.raise({
        code,
        subject,
        reason: `${found.length === 1 ? 'one stored entry' : `${found.length} stored entries`} of ${subject} ${found.length === 1 ? 'does' : 'do'} not pass and ${found.length === 1 ? 'is' : 'are'} left out; GET /v1/${subject} names them`,
        detail: found.flatMap(({ name, faults }) => faults.map(({ pointer, detail }) => `${name}${pointer}: ${detail}`)).join('; '), // prettier-ignore
        blocks: [],
      })
  }
}
