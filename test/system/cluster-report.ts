import type { App } from './harness'

/** A partition in the response of `GET /v1/cluster`. */
export interface PartitionReport {
  readonly partition: number
  readonly owner: string | null
  readonly state: string
  readonly restored?: number
  readonly total?: number
  readonly position?: number
}

export interface ClusterSaid {
  readonly generation: number | null
  readonly partitions: readonly PartitionReport[]
  readonly members: readonly { readonly url: string; readonly reachable: boolean; readonly self: boolean }[]
}

export const clusterOf = async (app: App): Promise<ClusterSaid> =>
  (await app.client.cluster()) as unknown as ClusterSaid

/** Partitions that run at this address, according to the given instance. */
export async function runningAt(url: string, by: App): Promise<number[]> {
  const { partitions } = await clusterOf(by)
  return partitions.filter((it) => it.owner === url && it.state === 'running').map(({ partition }) => partition)
}
