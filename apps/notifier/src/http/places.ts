import { Problem } from '@quorate/http'
import type { Owners } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'

export interface Missing {
  readonly partition: number
  readonly reason: string
}

/** Where the partitions are: here, at other instances, or nowhere that can be asked. */
export interface Places {
  readonly here: RunningTask[]
  /** By address. */
  readonly elsewhere: Map<string, number[]>
  readonly missing: Missing[]
}

export function placesOf(owners: Owners, forwarded: boolean, only?: number): Places {
  const places: Places = { here: [], elsewhere: new Map(), missing: [] }
  for (let partition = 0; partition < owners.streams.partitions; partition++) {
    if (only !== undefined && partition !== only) continue
    try {
      const place = owners.find(partition, forwarded)
      if (place.task) places.here.push(place.task)
      else places.elsewhere.set(place.url, [...(places.elsewhere.get(place.url) ?? []), partition])
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      places.missing.push({ partition, reason: error.code })
    }
  }
  return places
}
