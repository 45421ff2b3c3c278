import type { RunningTask } from '@quorate/streams'
import { endpointOfKey } from '../rows/keys'

/** Rows counted before the event loop gets its turn. */
const SLICE = 1_000

interface Counting {
  readonly task: RunningTask
  readonly counts: Map<string, number>
  /** Rows up to this key have been counted; undefined: all. */
  until: string | undefined
}

/**
 * How many deliveries lie in the outboxes here, by endpoint: counted once when a task begins to run, then kept by what
 * is planned and settled.
 */
export class OutboxDepths {
  private readonly tasks = new Map<number, Counting>()

  opened(task: RunningTask): void {
    const counting: Counting = { task, counts: new Map(), until: '' }
    this.tasks.set(task.partition, counting)
    void this.count(counting)
  }

  lost(partition: number): void {
    this.tasks.delete(partition)
  }

  planned(partition: number, key: string): void {
    this.change(partition, key, 1)
  }

  settled(partition: number, key: string): void {
    this.change(partition, key, -1)
  }

  of(endpoint: string): number {
    let sum = 0
    for (const { counts } of this.tasks.values()) sum += Math.max(0, counts.get(endpoint) ?? 0)
    return sum
  }

  private async count(counting: Counting): Promise<void> {
    const { task } = counting
    while (counting.until !== undefined && this.tasks.get(task.partition) === counting && task.state === 'running') {
      let read = 0
      for (const { key } of task.table('outbox').range({ after: counting.until, limit: SLICE })) {
        read++
        counting.until = key
        add(counting, key, 1)
      }
      if (read < SLICE) counting.until = undefined
      else await new Promise(setImmediate)
    }
  }

  /** What is not counted yet will be. */
  private change(partition: number, key: string, by: number): void {
    const counting = this.tasks.get(partition)
    if (!counting || (counting.until !== undefined && key > counting.until)) return
    add(counting, key, by)
  }
}

function add({ counts }: Counting, key: string, by: number): void {
  const endpoint = endpointOfKey(key)
  counts.set(endpoint, (counts.get(endpoint) ?? 0) + by)
}
