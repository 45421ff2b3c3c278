import type { Override, View } from './view'

/** A point in time as RFC 3339 with ms, in UTC: `2025-01-31T12:00:00.000Z` (rest.md, "Times"). */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString()

export interface WireOverride extends Omit<Override, 'expiresAt'> {
  readonly expiresAt: string | null
}

/** A view as REST, SSE and webhooks write it: points in time in RFC 3339, all else as in the log. */
export interface WireView extends Omit<View, 'since' | 'decidedAt' | 'override'> {
  readonly since: string
  readonly decidedAt: string
  readonly override: WireOverride | null
}

export function viewToWire(view: View): WireView {
  const { override } = view
  return {
    ...view,
    since: rfc3339(view.since),
    decidedAt: rfc3339(view.decidedAt),
    override: override && { ...override, expiresAt: override.expiresAt === null ? null : rfc3339(override.expiresAt) },
  }
}
