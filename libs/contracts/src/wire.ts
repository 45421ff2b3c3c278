import type { View, WireView } from './view'

/** A point in time as RFC 3339 with ms, in UTC: `2025-01-31T12:00:00.000Z` (docs/spec/rest.md, "Times"). */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString()

export function viewToWire(view: View): WireView {
  const { override } = view
  return {
    ...view,
    since: rfc3339(view.since),
    decidedAt: rfc3339(view.decidedAt),
    override: override && { ...override, expiresAt: override.expiresAt === null ? null : rfc3339(override.expiresAt) },
  }
}
