import { check } from '../protocol-errors'
import { produce } from '../requests/produce'
import { withCluster } from './admin'

/** Appends one batch as it is, and returns its base offset: what other producers may write and the port never would. */
export function produceBatch(brokers: string[], topic: string, partition: number, batch: Buffer): Promise<number> {
  return withCluster(brokers, async (cluster) => {
    const connections = cluster.connections()
    try {
      const leader = await cluster.leaderOf(topic, partition)
      const [produced] = await connections.send(leader, produce([{ topic, partition, batch }], null, 30_000))
      check(produced!.errorCode, 'Produce')
      return produced!.baseOffset
    } finally {
      await connections.close()
    }
  })
}
