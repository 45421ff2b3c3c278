import { NO_HEADERS, type LogRecord } from '@quorate/log'
import { TestTask } from '../../testing/test-task'
import { TABLE } from '../tables'
import { REQUEST } from './request-key'
import { knownRequest, REMEMBERED } from './requests'

const report = (offset: number, at: number, state: string, request?: string): LogRecord => ({
  offset,
  timestamp: at,
  key: Buffer.from('o'),
  value: Buffer.from(JSON.stringify({ agent: 'a', state })),
  headers: request === undefined ? NO_HEADERS : [[REQUEST, Buffer.from(request)]],
})

describe('requests that a partition remembers', () => {
  const task = () => new TestTask({ partitions: 1, partition: 0 })
  const known = (it: TestTask, key: string, now: number) => knownRequest(it.tables(TABLE.requests), key, now)

  it('are applied once; a repeat does nothing and gets the outcome of the first', () => {
    const it = task()
    it.run([report(0, 1_000, 'up', 'f:k'), report(1, 2_000, 'down', 'f:k'), report(2, 3_000, 'up')])
    expect(it.sent.filter(({ output }) => output === 'states')).toHaveLength(1)
    expect(it.processor.counters.repeats).toBe(1)
    expect(known(it, 'k', 3_000)).toEqual({ fingerprint: 'f', offset: 0, at: 1_000, outcome: 'applied' })
  })

  it('survive a crash before any commit, and the loss of the disk', () => {
    let crashes = 0
    const it = new TestTask({ partitions: 1, partition: 0, crash: () => crashes++ % 2 === 0, wipe: true })
    it.run([report(0, 1_000, 'up', 'f:k')])
    it.run([report(1, 2_000, 'down', 'f:k')])
    expect(it.crashes).toBeGreaterThan(0)
    expect(it.sent.filter(({ output }) => output === 'states')).toHaveLength(1)
    expect(known(it, 'k', 2_000)!.offset).toBe(0)
  })

  it('are forgotten after a day, and their rows deleted', () => {
    const it = task()
    it.run(Array.from({ length: 20 }, (_, i) => report(i, 1_000 + i, 'up', `f:k${i}`)))
    const later = 2_000 + REMEMBERED
    expect(known(it, 'k0', later)).toBeUndefined()
    it.run(Array.from({ length: 4 }, (_, i) => report(20 + i, later + i, 'up', i === 0 ? 'g:k0' : `f:n${i}`)))
    expect(known(it, 'k0', later)).toMatchObject({ fingerprint: 'g', offset: 20 })
    const rows = [...it.tables(TABLE.requests).range()].map(({ key }) => key)
    expect(rows.filter((key) => key.startsWith('key/')).sort()).toEqual(['key/k0', 'key/n1', 'key/n2', 'key/n3'])
    expect(rows.filter((key) => key.startsWith('at/'))).toHaveLength(4)
  })
})
