import type { DeliveryRow } from '../rows/rows'

export interface DeliveryFilter {
  readonly object?: string | undefined
  readonly receiver?: string | undefined
  /**
   * A decision (`sent`, `held`, `suppressed`, `suppressed: quiet`) or what became of it (`pending`, `delivered`,
   * `dead`, `dropped`).
   */
  readonly status?: string | undefined
}

const UNSENT: ReadonlySet<DeliveryRow['status']> = new Set(['held', 'suppressed'])

/** `sent`, `held: <reason>` or `suppressed: <reason>`. */
export const decisionOf = ({ status, reason }: Pick<DeliveryRow, 'status' | 'reason'>): string =>
  UNSENT.has(status) ? `${status}: ${reason}` : 'sent'

export const STATUSES = ['sent', 'held', 'suppressed', 'gathered', 'pending', 'delivered', 'dead', 'dropped'] as const

/** `suppressed: <reason>` and `held: <reason>` are filters too. */
export const isStatus = (value: string): boolean =>
  (STATUSES as readonly string[]).includes(value) || /^(held|suppressed): [a-z-]+$/.test(value)

export function passes(row: DeliveryRow, { object, receiver, status }: DeliveryFilter): boolean {
  if (object !== undefined && row.object !== object) return false
  if (receiver !== undefined && row.receiver !== receiver) return false
  return status === undefined || row.status === status || decisionOf(row) === status
}
