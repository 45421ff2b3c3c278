import type { View } from '@quorate/contracts'
import type { Owners, Peers } from '@quorate/http'
import { type RunningTask, StreamsError } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'
import { Listing, type ListQuery } from './listing'
import type { Reading, Seen } from './reading'

/** Each partition has that many objects, and none of them is `up`. */
const ROWS = 10_000

class Scene {
  readonly tasks = [0, 1].map((partition) => this.task(partition))
  /** Slices read. */
  slices = 0
  onSlice = (): void => undefined
  sure: Promise<boolean> = Promise.resolve(true)
  readonly listing: Listing

  constructor() {
    const owners = {
      streams: { partitions: this.tasks.length },
      map: { version: 1, generation: 1, changed: () => Promise.resolve(false) },
      find: (partition: number) => ({ task: this.tasks[partition] }),
      isPassing: () => false,
      isSure: () => this.sure,
      upToSender: () => Promise.resolve(),
    } as unknown as Owners
    const reading = {
      objects: (task: RunningTask, after: string | undefined, _prefix: string, limit: number) =>
        this.rows(task.partition, after === undefined ? 0 : Number(after.slice(2)) + 1, limit),
    } as unknown as Reading
    this.listing = new Listing(reading, owners, {} as Peers)
  }

  task(partition: number) {
    const table = () => ({ get: () => undefined })
    return { partition, position: 5, lag: 0, table, isDamage: () => false } as unknown as {
      -readonly [K in keyof RunningTask]: RunningTask[K]
    }
  }

  rows(partition: number, from: number, limit: number): Seen[] {
    this.slices++
    this.onSlice()
    return Array.from({ length: Math.min(limit, ROWS - from) }, (_, i) => {
      const object = `${partition}/${String(from + i).padStart(5, '0')}`
      return { view: { object, state: 'down', trigger: null } as unknown as View, overrides: 0 }
    })
  }

  page(query: Partial<ListQuery>, request = asking()) {
    return this.listing.page({ limit: 1, ...query }, request)
  }
}

/** Of who waits for the answer. */
const asking = (socket = { destroyed: false }) =>
  ({ forwarded: false, headers: {}, raw: { socket } }) as unknown as FastifyRequest

describe('a list', () => {
  it('names the partition that closes while it waits for the bound, and shows what the others have', async () => {
    const scene = new Scene()
    scene.tasks[1]!.reached = () => Promise.reject(new StreamsError('STREAMS_TASK_CLOSED', 'partition 1'))
    const page = await scene.page({ state: 'up', bound: new Map([[1, 9]]) })
    expect(page.missing).toEqual([{ partition: 1, reason: 'rebalancing' }])
    expect([...page.positions]).toEqual([[0, 4]])
  })
})
