import { silentLogger } from '@quorate/log'
import { Conditions, type Streams } from '@quorate/streams'
import { Registry } from 'prom-client'
import { streamsChecks, streamsMetrics } from './streams-reports'

/** Streams as far as health asks. */
function health(more: object = {}) {
  const conditions = new Conditions(silentLogger)
  const task = { partition: 0, state: 'running', position: 5, lag: 0, restarts: 2, restore: { restored: 0, total: 0 } }
  const streams = {
    conditions,
    sure: true,
    get live() {
      return !conditions.blocks('live')
    },
    get ready() {
      return !conditions.blocks('ready')
    },
    tasks: () => [task],
    standbys: () => [],
    ...more,
  } as unknown as Streams
  const [tasks, log] = streamsChecks('a', streams)
  return { conditions, streams, tasks: tasks!, log: log! }
}

describe('the health of a streams application', () => {
  it('tells what lies with its tasks from what lies with the log', () => {
    const { conditions, tasks, log } = health()
    const all = () => [tasks.live(), tasks.ready(), log.live(), log.ready()]
    expect(all()).toEqual([true, true, true, true])
    conditions.raise({ code: 'LOG_UNAVAILABLE', reason: 'not heard', blocks: ['live'] })
    expect(all()).toEqual([true, true, false, true])
    conditions.raise({ code: 'STREAMS_STALLED', partition: 0, reason: 'nothing moves', blocks: ['live', 'ready'] })
    expect(all()).toEqual([false, false, false, true])
    conditions.clear({ code: 'LOG_UNAVAILABLE' })
    expect(all()).toEqual([false, false, true, true])
  })

  it('shows conditions to everybody without their detail, which may name objects', () => {
    const { conditions, tasks } = health()
    conditions.raise({
      code: 'STREAMS_TASK_FAILED',
      partition: 3,
      position: 17,
      reason: 'the partition has stopped',
      detail: 'site/x is too large',
      blocks: ['ready'],
    })
    expect(tasks.details!()).toMatchObject({
      unheard: 0,
      conditions: [{ code: 'STREAMS_TASK_FAILED', partition: 3, position: 17, blocks: ['ready'], since: expect.any(String), age: expect.any(Number) }],
    }) // prettier-ignore
    expect(JSON.stringify(tasks.details!())).not.toContain('site/x')
  })

  it('tells how far restores are in per cent, and standbys beside them', () => {
    const common = { owned: true, position: 5, lag: 2, restore: { restored: 333, total: 1_000 } }
    const { tasks } = health({
      tasks: () => [{ ...common, partition: 0, state: 'restoring' }],
      standbys: () => [
        { ...common, partition: 1, readable: false },
        { ...common, partition: 2, readable: true },
      ],
    })
    expect(tasks.details!()).toMatchObject({
      partitions: [{ partition: 0, restored: 333, total: 1_000, percent: 33 }],
      standbys: [
        { partition: 1, readable: false, restored: 333, percent: 33 },
        { partition: 2, readable: true, lag: 2 },
      ],
    })
  })

  it('counts restarts, and conditions by code and partition', async () => {
    const { conditions, streams } = health()
    const registry = new Registry()
    streamsMetrics(streams, registry)
    const samples = async () =>
      (await registry.metrics()).split('\n').filter((line) => /^quorate_(condition|task_restarts)/.test(line))
    expect(await samples()).toEqual(['quorate_task_restarts_total{partition="0"} 2'])
    conditions.raise({ code: 'LOG_TOPIC_MISMATCH', subject: 'a', reason: 'x', blocks: [] })
    conditions.raise({ code: 'LOG_TOPIC_MISMATCH', subject: 'b', reason: 'x', blocks: [] })
    conditions.raise({ code: 'STORE_FULL', partition: 3, reason: 'x', blocks: ['ready'] })
    expect((await samples()).sort()).toEqual([
      'quorate_condition{code="LOG_TOPIC_MISMATCH",partition=""} 2',
      'quorate_condition{code="STORE_FULL",partition="3"} 1',
      'quorate_task_restarts_total{partition="0"} 2',
    ])
  })
})
