import { type Fault, isRecord, LIMITS, pointer } from '@quorate/contracts'
import type { Written } from './document'

const PARTS = ['receivers', 'silences', 'inhibitions', 'routes'] as const

/** Parts that a write makes more of than there may be. What is above a limit already can be changed and made fewer. */
export function tooMany(before: Written, after: Written): Fault[] {
  return PARTS.flatMap((part): Fault[] => {
    const count = countOf(after, part)
    const most = LIMITS[part]
    if (count <= most || count <= countOf(before, part)) return []
    return [{ pointer: pointer(part), detail: `there may be ${most} ${part} at most; this makes ${count}` }]
  })
}

const countOf = (written: Written, part: (typeof PARTS)[number]): number =>
  part === 'routes' ? routesIn(written.routes) : written[part].size

function routesIn(root: unknown): number {
  let count = 0
  for (const open = [root]; open.length > 0;) {
    const route = open.pop()
    if (!isRecord(route)) continue
    count++
    if (Array.isArray(route['routes'])) for (const child of route['routes'] as unknown[]) open.push(child)
  }
  return count
}
