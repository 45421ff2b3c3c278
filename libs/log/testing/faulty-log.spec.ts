import type { Log } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { readTo, records } from './collect'
import { CrashError, type FaultKind } from './fault'
import { faultyLog } from './faulty-log'
import { byTurns, RecordingMember } from './group-member'
import { describeLog } from './log.conformance'

const TOPIC = { name: 't', partitions: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' } as const

const beneath = new WeakMap<Log, EmbeddedLog>()
describeLog('a faulty log without faults', {
  open: async () => {
    const embedded = await openEmbeddedLog({ memory: true })
    const faulty = faultyLog(embedded)
    beneath.set(faulty, embedded)
    return faulty
  },
  deleteTopic: (log, topic) => beneath.get(log)!.deleteTopic(topic),
})

describe('a faulty log', () => {
  let log: Log
  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([TOPIC])
  })
  afterEach(() => log.close())

  const committed = async () => (await readTo(log, 't', 0)).map((record) => record.value!.toString())
  const commitUnder = async (kind: FaultKind) => {
    const faulty = faultyLog(log, [{ kind, commit: 2 }])
    const transactor = await faulty.fence('id')
    await transactor.commit({ records: records('t', 0, ['first']) })
    const error: unknown = await transactor.commit({ records: records('t', 0, ['second']) }).catch((e: unknown) => e)
    return { faulty, transactor, error }
  }

  it.each([
    ['unknown-lost', 'LOG_OUTCOME_UNKNOWN', ['first']],
    ['unknown-durable', 'LOG_OUTCOME_UNKNOWN', ['first', 'second']],
    ['fenced', 'LOG_FENCED', ['first']],
    ['stale-member', 'LOG_STALE_MEMBER', ['first']],
    ['unavailable', 'LOG_UNAVAILABLE', ['first']],
  ] as const)('%s: the caller hears %s, the identity is dead, and the next one goes on', async (kind, code, there) => {
    const { faulty, transactor, error } = await commitUnder(kind)
    expect(error).toMatchObject({ code })
    await expect(transactor.commit({ records: [] })).rejects.toBe(error)
    expect(await committed()).toEqual(there)
    const next = await faulty.fence('id')
    await next.commit({ records: records('t', 0, ['third']) })
    expect(await committed()).toEqual([...there, 'third'])
  })

  it.each([
    ['crash-before', ['first']],
    ['crash-after', ['first', 'second']],
  ] as const)('%s: every later call says so, and the log lives on', async (kind, there) => {
    const { faulty, transactor, error } = await commitUnder(kind)
    expect(error).toBeInstanceOf(CrashError)
    expect(faulty.crashed).toBe(true)
    const calls = [
      () => transactor.commit({ records: [] }),
      () => faulty.fence('id'),
      () => faulty.append(records('t', 0, ['late'])),
      () => faulty.offsets('t'),
      () => faulty.committed('g', 't', [0]),
      () => faulty.reader({ topic: 't', partition: 0, from: 0 }).next(),
    ]
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(CrashError)
    expect(await committed()).toEqual(there)
  })

  it('counts the commits of one identity when a fault names it', async () => {
    const faulty = faultyLog(log, [{ kind: 'unavailable', commit: 2, id: 'b' }])
    const [a, b] = [await faulty.fence('a'), await faulty.fence('b')]
    await a.commit({ records: [] })
    await b.commit({ records: [] })
    await a.commit({ records: [] })
    await expect(b.commit({ records: [] })).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    expect(faulty.commits).toBe(4)
  })

  it('ends a waiting reader and drops its members out of their groups unheard when it crashes', async () => {
    const faulty = faultyLog(log)
    const reader = faulty.reader({ topic: 't', partition: 0, from: 0 })
    const waiting = reader.next(30_000)
    const gone = await RecordingMember.join(faulty, 'g', 't', 'a', { assign: byTurns })
    const stays = await RecordingMember.join(log, 'g', 't', 'b')
    await Promise.all([gone.has(0), stays.has(1)])
    const told = gone.assignments.length
    faulty.crash()
    await expect(waiting).rejects.toBeInstanceOf(CrashError)
    await stays.has(0, 1)
    expect(gone.assignments).toHaveLength(told)
    expect(gone.lost).toBe(0)
    expect(gone.member.identity).toBeUndefined()
  })

  it('leaves the log open when it is closed', async () => {
    const faulty = faultyLog(log)
    await faulty.close()
    await expect(faulty.offsets('t')).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    expect(await committed()).toEqual([])
  })
})
