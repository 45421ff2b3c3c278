import type { View } from '@quorate/contracts'
import { Problem } from '@quorate/http'
import { testCall } from '@quorate/http/testing'
import type { Forwarding, Owners, Peers } from '@quorate/routing'
import { type RunningTask, StreamsError } from '@quorate/streams'
import { Listing, type ListQuery } from './listing'
import type { Reading, Seen } from './reading'

/** Each partition has that many objects, and none of them is `up`. */
const ROWS = 10_000

const VIEW: Omit<View, 'object'> = {
  ...{ incarnation: 1, version: 1, revision: 1, state: 'down', from: null, voted: 'down', since: 0, decidedAt: 0 },
  ...{ cause: null, trigger: null, contested: false, stale: false, flapping: false, divergent: false },
  ...{ override: null, tally: {}, participants: 0, electorate: 0, quorum: 1, rule: null, policy: 'p', incident: null },
}

class Scene {
  readonly tasks = [0, 1].map((partition) => this.task(partition))
  /** Slices read. */
  slices = 0
  onSlice = (): unknown => undefined
  /** To the owners of partitions that are not here. */
  readonly sent: Forwarding[] = []
  leaseHeld: Promise<boolean> = Promise.resolve(true)
  readonly listing: Listing

  constructor() {
    const owners = {
      partitions: 2,
      map: { version: 1, generation: 1, changed: () => Promise.resolve(false) },
      find: (partition: number) => (this.tasks[partition] ? { task: this.tasks[partition] } : { url: 'http://b' }),
      isPassing: () => false,
      leaseHeld: () => this.leaseHeld,
      upToSender: () => Promise.resolve(),
    } as unknown as Owners
    const reading = {
      objects: (task: RunningTask, after: string | undefined, _prefix: string, limit: number) =>
        this.rows(task.partition, after === undefined ? 0 : Number(after.slice(2)) + 1, limit),
    } as unknown as Reading
    const forward: Peers['forward'] = (_url, _request, forwarding = {}) => {
      this.sent.push(forwarding)
      return Promise.reject(new Problem('owner-unreachable', 'gone'))
    }
    const peers = { forward } as unknown as Peers
    this.listing = new Listing(reading, owners, peers)
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
      return { view: { ...VIEW, object }, overrides: 0 }
    })
  }

  page(query: Partial<ListQuery>, call = testCall()) {
    return this.listing.page({ limit: 1, ...query }, call)
  }
}

describe('a list', () => {
  it('names the partition that closes while it waits for the bound, and shows what the others have', async () => {
    const scene = new Scene()
    scene.tasks[1]!.reached = () => Promise.reject(new StreamsError('STREAMS_TASK_CLOSED', 'partition 1'))
    const page = await scene.page({ state: 'up', bound: new Map([[1, 9]]) })
    expect(page.missing).toEqual([{ partition: 1, reason: 'rebalancing' }])
    expect([...page.positions]).toEqual([[0, 4]])
  })

  it('stops once the client has disconnected', async () => {
    const scene = new Scene()
    let isGone = false
    scene.onSlice = () => (isGone = scene.slices >= 6)
    await scene.page({ state: 'up' }, testCall({ isGone: () => isGone }))
    expect(scene.slices).toBe(6)
    scene.onSlice = () => undefined
    expect((await scene.page({ limit: 2 })).items).toHaveLength(2)
  })

  it('does not begin for a client that has disconnected when its turn comes, and leaves the turn to the next', async () => {
    const scene = new Scene()
    let release = (_held: boolean): void => undefined
    scene.leaseHeld = new Promise((resolve) => (release = resolve))
    const others = Array.from({ length: 4 }, () => scene.page({}))
    let isGone = false
    const given = expect(scene.page({}, testCall({ isGone: () => isGone }))).rejects.toBeInstanceOf(Problem)
    const last = scene.page({})
    await new Promise(setImmediate)
    const { slices } = scene
    isGone = true
    release(true)
    await Promise.all([given, ...others])
    expect((await last).items).toHaveLength(1)
    expect(scene.slices).toBe(slices + 2)
  })

  it.each([
    [{ bound: new Map([[1, 9]]) }, 5_000],
    [{ bound: new Map([[1, 9]]), waitMs: 60_000 }, 60_000],
    [{ waitMs: 60_000 }, 0],
  ])('takes connections of those that wait where it waits for a position: %p', async (query, waitMs) => {
    const scene = new Scene()
    const { sent } = scene
    scene.tasks.pop()
    await scene.page({ state: 'up', ...query })
    expect(sent).toMatchObject([{ pool: 'lists', waitMs }])
  })
})
