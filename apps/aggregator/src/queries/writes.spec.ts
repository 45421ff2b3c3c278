import type { Owners } from '@quorate/routing'
import { sqliteStores } from '@quorate/state-store'
import { type RunningTask, StreamsError } from '@quorate/streams'
import { Objects } from './objects'
import type { Reading } from './reading'
import { Writes } from './writes'

const damage = Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' })
const report = { type: 'report', object: 'o', data: { agent: 'a', state: 'up' } } as const

describe('a write that is in the log', () => {
  let told: unknown[]
  const write = (fault: unknown) => {
    told = []
    const task = {
      partition: 3,
      reached: () => Promise.resolve(),
      isDamage: (error: unknown) => (told.push(error), sqliteStores.isDamage(error)),
    } as unknown as RunningTask
    const reading = {
      outcome: () => undefined,
      object: () => {
        throw fault
      },
    } as unknown as Reading
    const streams = { append: () => Promise.resolve([{ topic: 'reports', partition: 3, offset: 17 }]) }
    const owners = { streams } as unknown as Owners
    return new Writes(reading, owners, new Objects(reading, owners)).report(task, 'o', report, { waitMs: 1_000 })
  }
  const unknown = { code: 'outcome-unknown', headers: { 'quorate-position': '3@17' } }

  it('is of unknown outcome where the store is found damaged, which is told to the task', async () => {
    await expect(write(damage)).rejects.toMatchObject(unknown)
    expect(told).toEqual([damage])
  })

  it('is of unknown outcome where the partition moves', async () => {
    await expect(write(new StreamsError('STREAMS_TASK_CLOSED', 'partition 3'))).rejects.toMatchObject(unknown)
  })

  it('is a fault of ours, which the log will tell of, where nobody foresaw what went wrong', async () => {
    const fault = new TypeError('no such thing')
    await expect(write(fault)).rejects.toBe(fault)
  })
})
