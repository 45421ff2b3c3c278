import type { Cluster } from '../cluster'
import type { Connections } from '../connections'
import { check } from '../protocol-errors'
import { initProducerId, type ProducerIdentity } from '../requests/init-producer-id'
import { produceInTransaction } from '../requests/produce'
import { endTransaction } from '../requests/transaction'
import { retrying } from '../retry'
import { encodeBatch, sequenceAfter, stampBatch } from '../wire/batch-encoder'

/** A transaction whose writes, commit and abort the test orders one by one, so that several interleave as it says. */
export class RawTransaction {
  private sequence = 0

  private constructor(
    private readonly id: string,
    private readonly identity: ProducerIdentity,
    private readonly cluster: Cluster,
    private readonly connections: Connections,
  ) {}

  static async begin(cluster: Cluster, connections: Connections, id: string): Promise<RawTransaction> {
    const identity = await retrying(`beginning ${id}`, { timeoutMs: 10_000 }, async () => {
      const coordinator = await cluster.coordinatorOf('transaction', id)
      const answer = await connections.send(coordinator, initProducerId(id, 30_000))
      check(answer.errorCode, 'InitProducerId')
      return answer
    })
    return new RawTransaction(id, identity, cluster, connections)
  }

  async write(topic: string, partition: number, ...values: (string | Buffer)[]): Promise<void> {
    const out = Buffer.alloc(10_000)
    const records = values.map((value) => ({ topic, partition, key: value, value }))
    const { bytes } = encodeBatch(records, 0, records.length, out, 0, out.length, Date.now())
    const batch = out.subarray(0, bytes)
    stampBatch(batch, { ...this.identity, transactional: true }, this.sequence)
    const leader = await this.cluster.leaderOf(topic, partition)
    const request = produceInTransaction([{ topic, partition, batch }], this.id, 10_000)
    await retrying(`writing in ${this.id}`, { timeoutMs: 10_000 }, async () => {
      const [produced] = await this.connections.send(leader, request)
      check(produced!.errorCode, 'Produce')
    })
    this.sequence = sequenceAfter(this.sequence, values.length)
  }

  async end(commit: boolean): Promise<void> {
    await retrying(`ending ${this.id}`, { timeoutMs: 10_000 }, async () => {
      const coordinator = await this.cluster.coordinatorOf('transaction', this.id)
      const { errorCode } = await this.connections.send(
        coordinator,
        endTransaction({ id: this.id, ...this.identity }, commit, 5),
      )
      check(errorCode, 'EndTxn')
    })
  }
}
