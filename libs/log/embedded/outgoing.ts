import type { Appended } from '../src/log'
import type { OutRecord, Position } from '../src/record'
import type { PartitionWrite } from './journal'
import type { Partition } from './partition'
import { pack } from './run'
import type { Topics } from './topics'

interface Share extends PartitionWrite {
  readonly records: OutRecord[]
  /** While positions are counted out. */
  counted: number
}

/** The records of one call, by partition, checked and packed: nothing of it is refused later. */
export class Outgoing {
  private readonly shares = new Map<Partition, Share>()
  /** Record by record. */
  private readonly shareOf: Share[] = []

  constructor(topics: Topics, records: readonly OutRecord[]) {
    let share: Share | undefined
    for (const record of records) {
      // Neighbours mostly go to the same place.
      if (share?.partition.topic !== record.topic || share.partition.partition !== record.partition) {
        share = this.share(topics.partition(record.topic, record.partition))
      }
      share.records.push(record)
      this.shareOf.push(share)
    }
    for (const own of this.shares.values()) {
      own.count = own.records.length
      own.chunks = pack(own.records, topics.get(own.partition.topic).description.maxMessageBytes)
    }
  }

  get writes(): readonly PartitionWrite[] {
    return [...this.shares.values()]
  }

  /** In the order of the records; once written. */
  positions(): Position[] {
    return this.shareOf.map((share) => {
      const { topic, partition } = share.partition
      return { topic, partition, offset: share.first + share.counted++ }
    })
  }

  /** Once written. */
  appended(): Appended[] {
    return this.writes.map(({ partition: { topic, partition }, first, count }) => ({
      topic,
      partition,
      first,
      last: first + count - 1,
    }))
  }

  private share(partition: Partition): Share {
    let share = this.shares.get(partition)
    if (!share) {
      share = { partition, records: [], chunks: [], count: 0, first: 0, counted: 0 }
      this.shares.set(partition, share)
    }
    return share
  }
}
