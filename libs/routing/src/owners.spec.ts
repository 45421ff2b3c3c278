import type { RunningTask, Streams } from '@quorate/streams'
import { Answer, json, Problem } from '@quorate/http'
import { testCall } from '@quorate/http/testing'
import { locate } from './locations'
import { type Answering, Owners } from './owners'
import { GENERATION } from './refusal'
import { Peers } from './peers'

const OTHER = { memberId: 'b', url: 'http://127.0.0.1:1', self: false }

class Scene {
  readonly active = this.task('active')
  readonly second = this.task('standby')
  tasks: RunningTask[] = []
  standbys: RunningTask[] = []
  generation = 7
  partitions = 1
  lapsedEverywhere = false
  changed: () => void = () => undefined
  readonly owners: Owners

  constructor() {
    const partitions = () => this.partitions
    const sure = (): boolean => this.tasks.every(({ owned }) => owned)
    const streams = {
      get sure() {
        return sure()
      },
      get partitions() {
        return partitions()
      },
      task: () => this.tasks[0],
      tasks: () => this.tasks,
      standby: () => this.standbys[0],
      standbysOf: () => [],
      owner: () => (this.tasks[0] ? { ...OTHER, self: true } : OTHER),
      status: () => ({ generation: this.generation, members: [] }),
      onChange: (listener: () => void) => (this.changed = listener),
    } as unknown as Streams
    const agreement = { hasLapsedEverywhere: () => Promise.resolve(this.lapsedEverywhere) }
    this.owners = new Owners(streams, new Peers(), () => 'http://a', agreement)
  }

  task(role: 'active' | 'standby') {
    const restore = { restored: 0, total: 0 }
    const at = { position: 3, lag: 2, time: 0, restore, partition: 0 }
    return {
      ...at,
      role,
      state: 'running',
      readable: true,
      owned: role === 'active',
      isDamage: () => false,
    } as unknown as {
      -readonly [K in keyof RunningTask]: RunningTask[K]
    }
  }

  async ask(method: string, local: (task: RunningTask) => Answer, more: Answering = {}): Promise<Answer | string> {
    try {
      return await this.owners.answer(0, testCall({ method }), local, more)
    } catch (error) {
      return (error as Problem).code
    }
  }

  readonly seen = (task: RunningTask): Answer => json(200, 'x', this.owners.freshness(task))
  readonly nothing = (): Answer => {
    throw new Problem('not-found', 'nothing')
  }
}

describe('owners', () => {
  it('answer as active when they surely are, a 404 included', async () => {
    const scene = new Scene()
    scene.tasks = [scene.active]
    expect(await scene.ask('GET', scene.seen)).toMatchObject({ status: 200, headers: { 'quorate-role': 'active' } })
    expect(await scene.ask('GET', scene.nothing)).toBe('not-found')
  })

  it('in doubt of their own say neither yes nor no, and judge no write', async () => {
    const scene = new Scene()
    scene.active.owned = false
    scene.tasks = [scene.active]
    expect(await scene.ask('GET', scene.seen)).toBe('rebalancing')
    expect(await scene.ask('GET', scene.nothing)).toBe('rebalancing')
    const judged = jest.fn(scene.seen)
    expect(await scene.ask('PUT', judged)).toBe('rebalancing')
    expect(judged).not.toHaveBeenCalled()
  })

  it('that lose it while they read do not answer as active', async () => {
    const scene = new Scene()
    scene.tasks = [scene.active]
    const losing = (task: RunningTask) => {
      const answer = scene.seen(task)
      setImmediate(() => (scene.active.owned = false))
      return answer
    }
    expect(await scene.ask('GET', losing)).toBe('rebalancing')
  })

  it('that are heard again within the patience answer then', async () => {
    const scene = new Scene()
    scene.active.owned = false
    scene.tasks = [scene.active]
    setTimeout(() => (scene.active.owned = true), 100)
    expect(await scene.ask('GET', scene.seen)).toMatchObject({ headers: { 'quorate-role': 'active' } })
  })

  it('in a doubt that all share show their rows, marked with the age, but say no 404', async () => {
    const scene = new Scene()
    scene.active.owned = false
    scene.lapsedEverywhere = true
    scene.tasks = [scene.active]
    const answer = await scene.ask('GET', scene.seen)
    expect(answer).toMatchObject({ status: 200, headers: { 'quorate-role': 'unconfirmed' } })
    expect(Number((answer as Answer).headers['quorate-age'])).toBeGreaterThan(0)
    expect(await scene.ask('GET', scene.nothing)).toBe('rebalancing')
    expect(await scene.ask('PUT', scene.seen)).toBe('rebalancing')
  })

  it('show them also in a doubt of their own where the read permits any lag', async () => {
    const scene = new Scene()
    scene.active.owned = false
    scene.tasks = [scene.active]
    expect(await scene.ask('GET', scene.seen, { stale: {} })).toMatchObject({
      headers: { 'quorate-role': 'unconfirmed' },
    })
    expect(await scene.ask('GET', scene.seen, { stale: { maxLag: 5 } })).toBe('rebalancing')
  })

  it('let a standby answer within the lag that the read permits, and never say 404', async () => {
    const scene = new Scene()
    scene.standbys = [scene.second]
    expect(await scene.ask('GET', scene.seen, { stale: { maxLag: 2 } })).toMatchObject({
      headers: { 'quorate-role': 'standby', 'quorate-lag': '2' },
    })
    // The owner is out of reach: nothing listens there.
    expect(await scene.ask('GET', scene.seen, { stale: { maxLag: 1 } })).toBe('owner-unreachable')
    expect(await scene.ask('GET', scene.nothing, { stale: {} })).toBe('owner-unreachable')
    expect(await scene.ask('GET', scene.seen)).toBe('owner-unreachable')
  })

  it('let a standby that cannot tell how far behind it is answer only where any lag is permitted, and say no number', async () => {
    const scene = new Scene()
    scene.standbys = [{ ...scene.second, lag: Infinity }]
    const { status, headers } = (await scene.ask('GET', scene.seen, { stale: {} })) as Answer
    expect([status, headers['quorate-role'], headers['quorate-lag']]).toEqual([200, 'standby', undefined])
    expect(await scene.ask('GET', scene.seen, { stale: { maxLag: 1e9 } })).toBe('owner-unreachable')
  })

  it('wait for a partition that is on its way here, and tell who asks their generation when it does not come', async () => {
    const scene = new Scene()
    scene.changed()
    setTimeout(() => {
      scene.tasks = [scene.active]
      scene.changed()
    }, 100)
    expect(await scene.ask('GET', scene.seen)).toMatchObject({ status: 200 })
    scene.tasks = [{ ...scene.active, readable: false, state: 'closed' }]
    expect(() => scene.owners.find(0, true)).toThrow(
      expect.objectContaining({ code: 'rebalancing', headers: expect.objectContaining({ [GENERATION]: '7' }) }),
    )
  })

  it('knows no partition before its instance has joined, and says so instead of listing none', () => {
    const scene = new Scene()
    expect(locate(scene.owners, false).missing).toEqual([])
    scene.partitions = 0
    expect(() => locate(scene.owners, false)).toThrow(expect.objectContaining({ code: 'no-owner' }))
  })
})
