import { fingerprint, isRecord } from '@quorate/contracts'

/** An endpoint as it is written, unchecked. */
export type WrittenEndpoint = Readonly<Record<string, unknown>>

/** An endpoint that has a number already. */
export interface Numbered {
  readonly id: number
  readonly channel: unknown
  readonly settings: unknown
  /** In the list as it is; undefined: it has been taken away. */
  readonly place?: number
}

const MOST = 32

/** Name of an endpoint: what its deliveries, marks and decisions refer to. */
export function endpointName(
  receiver: string,
  { name, id }: { readonly name?: unknown; readonly id?: unknown },
  place: number,
): string {
  if (typeof name === 'string') return `${receiver}/${name}`
  const number = typeof id === 'number' ? id : place + 1
  return number === 1 ? receiver : `${receiver}/${number}`
}

function listIn(written: unknown): unknown[] {
  const list: unknown = isRecord(written) ? written['endpoints'] : undefined
  return Array.isArray(list) ? (list as unknown[]).slice(0, MOST) : []
}

/** The endpoints of a receiver as it is written, with their names. */
export function endpointsIn(receiver: string, written: unknown): ReadonlyMap<string, WrittenEndpoint> {
  return new Map(
    listIn(written).flatMap((one, place) => (isRecord(one) ? [[endpointName(receiver, one, place), one]] : [])),
  )
}

/** Those of a stored receiver that are known by their number. */
export function numberedIn(written: unknown): Numbered[] {
  return listIn(written).flatMap((one, place): Numbered[] => {
    if (!isRecord(one) || one['name'] !== undefined) return []
    const { id, channel, settings = {} } = one
    return [{ id: typeof id === 'number' ? id : place + 1, channel, settings, place }]
  })
}

/**
 * A receiver as it is to be stored: each endpoint without a name has a number, and keeps it wherever it moves in the
 * list. It is known by its channel and settings; where as many are written as there were, what has changed in its place
 * is the same one with other settings. Another one gets a number that is free: its name is none of `taken`.
 */
export function withIds(
  receiver: string,
  written: unknown,
  known: readonly Numbered[],
  taken: ReadonlySet<string>,
): unknown {
  if (!isRecord(written) || !Array.isArray(written['endpoints'])) return written
  const list = written['endpoints'] as unknown[]
  const ids = new Map<number, number>()
  const left = new Set(known)
  const match = (fits: (one: Numbered, endpoint: WrittenEndpoint, place: number) => boolean): void => {
    for (const [place, endpoint] of list.entries()) {
      if (!isRecord(endpoint) || endpoint['name'] !== undefined || ids.has(place)) continue
      const found = [...left].find((one) => fits(one, endpoint, place))
      if (!found) continue
      ids.set(place, found.id)
      left.delete(found)
    }
  }
  match((one, { id }) => one.id === id)
  match((one, endpoint) => contentOf(one) === contentOf(endpoint))
  if (known.filter(({ place }) => place !== undefined).length === list.length)
    match((one, { channel }, place) => one.place === place && one.channel === channel)
  const names = new Set(taken)
  for (const { id } of known) names.add(endpointName(receiver, { id }, 0))
  for (const [place, one] of list.entries()) if (isRecord(one) && one['name'] !== undefined) names.add(endpointName(receiver, one, place)) // prettier-ignore
  const endpoints = list.map((endpoint, place) => {
    if (!isRecord(endpoint) || endpoint['name'] !== undefined) return endpoint
    let id = ids.get(place) ?? 1
    while (!ids.has(place) && names.has(endpointName(receiver, { id }, place))) id++
    names.add(endpointName(receiver, { id }, place))
    return { ...endpoint, id }
  })
  return { ...written, endpoints }
}

/** As it was written, before numbers were given. */
export function withoutIds(written: unknown): unknown {
  if (!isRecord(written) || !Array.isArray(written['endpoints'])) return written
  const endpoints = (written['endpoints'] as unknown[]).map((endpoint) => {
    if (!isRecord(endpoint)) return endpoint
    const { id: _, ...rest } = endpoint
    return rest
  })
  return { ...written, endpoints }
}

const contentOf = ({ channel, settings = {} }: { readonly channel?: unknown; readonly settings?: unknown }): string =>
  fingerprint([channel, settings])
