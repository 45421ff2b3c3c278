import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collect, readTo, records } from '../testing'
import { temporaryDirectories } from '../testing/temporary-directory'
import { Database } from './database'
import { openEmbeddedLog } from './index'

const TOPIC = { name: 't', partitions: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' } as const
const directory = temporaryDirectories('embedded-log')
const values = (read: readonly { value: Buffer | null }[]) => read.map((record) => record.value!.toString())

afterEach(() => jest.restoreAllMocks())

describe('an embedded log in a directory', () => {
  it('has everything again when it is opened again', async () => {
    const dir = directory()
    let log = await openEmbeddedLog({ dir })
    await log.ensureTopics([TOPIC])
    const described = await log.describeTopic('t')
    const zombie = await log.fence('id')
    await zombie.commit({
      records: records('t', 1, ['a']),
      source: { group: 'g', topic: 't', partition: 1, offset: 8 },
    })
    await log.append(records('t', 1, ['b']))
    await log.close()

    log = await openEmbeddedLog({ dir })
    await log.ensureTopics([TOPIC])
    expect(await log.describeTopic('t')).toEqual(described)
    expect(await log.committed('g', 't', [0, 1])).toEqual(new Map([[1, 8]]))
    expect(await log.offsets('t')).toEqual([
      { partition: 0, start: 0, end: 0 },
      { partition: 1, start: 0, end: 2 },
    ])
    expect(values(await readTo(log, 't', 1))).toEqual(['a', 'b'])
    expect(await log.append(records('t', 1, ['c']))).toMatchObject([{ offset: 3 }])
    await log.close()
  })

  it('takes in what was asked for before it is closed, and nothing after', async () => {
    const dir = directory()
    let log = await openEmbeddedLog({ dir })
    await log.ensureTopics([TOPIC])
    const transactor = await log.fence('id')
    const appended = log.append(records('t', 0, ['a']))
    const closed = log.close()
    const late = log.append(records('t', 0, ['b']))
    await expect(late).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await expect(transactor.commit({ records: [] })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await appended
    await closed
    await log.close()
    log = await openEmbeddedLog({ dir })
    expect(values(await readTo(log, 't', 0))).toEqual(['a'])
    await log.close()
  })

  it('is refused to a second opener, and free when the first has closed', async () => {
    const dir = directory()
    const first = await openEmbeddedLog({ dir })
    const refused: unknown = await openEmbeddedLog({ dir }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'LOG_LOCKED', action: 'restart' })
    expect((refused as Error).message).toContain(join(dir, 'log.db'))
    expect((refused as Error).message).toContain('QUORATE_DATA_DIR')
    await first.ensureTopics([TOPIC])
    await first.close()
    await (await openEmbeddedLog({ dir })).close()
  })

  it('is refused when its file is no log, and left as it is', async () => {
    const dir = directory()
    writeFileSync(join(dir, 'log.db'), 'this is a diary, not a database. '.repeat(100))
    await expect(openEmbeddedLog({ dir })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })

  it('is refused when another version has written it', async () => {
    const dir = directory()
    const database = Database.open(dir)
    database.connection.pragma('user_version = 99')
    database.close()
    await expect(openEmbeddedLog({ dir })).rejects.toThrow(/layout 99, this version knows 1/)
  })

  it('notices damaged records, and says which', async () => {
    const dir = directory()
    let log = await openEmbeddedLog({ dir })
    await log.ensureTopics([TOPIC])
    await log.append(records('t', 0, ['a', 'b']))
    await log.close()
    const database = Database.open(dir)
    database.connection.exec(`UPDATE run_1 SET bytes = CAST(replace(bytes, 'kb', 'kx') AS BLOB)`)
    database.close()
    log = await openEmbeddedLog({ dir })
    const reading = log.reader({ topic: 't', partition: 0, from: 0 }).next()
    await expect(reading).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      message: expect.stringContaining('0 to 1 of t/0'),
    })
    await log.close()
  })

  it('says of which partition count a directory is, and how to go on', async () => {
    const log = await openEmbeddedLog({ dir: directory() })
    await log.ensureTopics([TOPIC])
    await expect(log.ensureTopics([{ ...TOPIC, partitions: 9 }])).rejects.toThrow(
      /partitions is 2, must be 9 \(set QUORATE_PARTITIONS to 2, or .*move the data directory away\)/,
    )
    await log.close()
  })
})

describe('group commit', () => {
  it('writes what one turn asks for with one sync', async () => {
    const log = await openEmbeddedLog({ dir: directory() })
    await log.ensureTopics([TOPIC])
    const transactors = await Promise.all(['a', 'b', 'c'].map((id) => log.fence(id)))
    const sync = jest.spyOn(Database.prototype, 'sync')
    const appends = Array.from({ length: 100 }, (_, i) => log.append(records('t', i % 2, [i])))
    const commits = transactors.map((transactor) => transactor.commit({ records: records('t', 0, ['c']) }))
    await Promise.all([...appends, ...commits])
    expect(sync).toHaveBeenCalledTimes(1)
    expect((await log.offsets('t')).map(({ end }) => end)).toEqual([53, 50])
    await log.close()
  })

  it('neither acknowledges nor shows anything before it is on the disk', async () => {
    const log = await openEmbeddedLog({ dir: directory() })
    await log.ensureTopics([TOPIC])
    let onDisk!: () => void
    const syncing = new Promise<void>((started) => {
      jest.spyOn(Database.prototype, 'sync').mockImplementationOnce(() => {
        started()
        return new Promise((resolve) => (onDisk = resolve))
      })
    })
    let acknowledged = false
    const appended = log.append(records('t', 0, ['a'])).then(() => (acknowledged = true))
    const reader = log.reader({ topic: 't', partition: 0, from: 0 })
    await syncing
    expect((await reader.next(20)).records).toEqual([])
    expect(acknowledged).toBe(false)
    expect((await log.offsets('t'))[0]).toMatchObject({ end: 0 })
    const waiting = collect(reader, 1)
    onDisk()
    await appended
    expect(values(await waiting)).toEqual(['a'])
    await log.close()
  })

  it('that cannot be synced leaves the outcome unknown, and stops the log until it is opened again', async () => {
    const dir = directory()
    let log = await openEmbeddedLog({ dir })
    await log.ensureTopics([TOPIC])
    const transactor = await log.fence('id')
    jest.spyOn(Database.prototype, 'sync').mockRejectedValueOnce(new Error('EIO: i/o error, fdatasync'))
    const error: unknown = await transactor.commit({ records: records('t', 0, ['a']) }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'LOG_OUTCOME_UNKNOWN' })
    await expect(log.append(records('t', 0, ['b']))).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    await expect(log.fence('id')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    await log.close()
    log = await openEmbeddedLog({ dir })
    await log.append(records('t', 0, ['c']))
    expect(values(await readTo(log, 't', 0)).at(-1)).toBe('c')
    await log.close()
  })

  it('that finds the disk full writes nothing, says so, and works again when there is room', async () => {
    const log = await openEmbeddedLog({ dir: directory() })
    await log.ensureTopics([TOPIC])
    await log.append(records('t', 0, ['before']))
    const { connection } = log['database']
    connection.pragma('max_page_count = 1')
    const big = records('t', 0, ['x'.repeat(100_000)])
    await expect(log.append(big)).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message: expect.stringContaining('disk is full'),
    })
    connection.pragma('max_page_count = 1000000')
    await log.append(records('t', 0, ['after']))
    const read = await readTo(log, 't', 0)
    expect(read.map(({ offset }) => offset)).toEqual([0, 1])
    expect(values(read)).toEqual(['before', 'after'])
    await log.close()
  })
})

describe('the log of one process', () => {
  it('lets the event loop run while one writes and reads in a loop', async () => {
    const log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([TOPIC])
    let turns = 0
    let running = true
    const count = () => {
      turns++
      if (running) setImmediate(count)
    }
    setImmediate(count)
    for (let i = 0; i < 100; i++) await log.append(records('t', 0, [i]))
    expect(turns).toBeGreaterThanOrEqual(100)
    turns = 0
    const reader = log.reader({ topic: 't', partition: 0, from: 0, maxBytes: 1 })
    for (let i = 0; i < 100; i++) await reader.next()
    running = false
    expect(reader.position).toBe(100)
    expect(turns).toBeGreaterThanOrEqual(99)
    await log.close()
  })

  it('has a clock of its own, which never runs backwards within a partition', async () => {
    let now = 5_000.7
    const log = await openEmbeddedLog({ memory: true }, { now: () => now })
    await log.ensureTopics([TOPIC])
    const append = async (partition: number, at: number) => {
      now = at
      await log.append(records('t', partition, [at]))
    }
    for (const at of [5_000.7, 4_000, 6_000, 1]) await append(0, at)
    await append(1, 1)
    const times = async (partition: number) => (await readTo(log, 't', partition)).map((record) => record.timestamp)
    expect(await times(0)).toEqual([5_000, 5_000, 6_000, 6_000])
    expect(await times(1)).toEqual([1])
    await log.close()
  })

  it('takes one call of next() at a time', async () => {
    const log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([TOPIC])
    const reader = log.reader({ topic: 't', partition: 0, from: 0 })
    const first = reader.next(50)
    await expect(reader.next(50)).rejects.toThrow('one call of next() at a time')
    expect((await first).records).toEqual([])
    await log.close()
  })

  it('ends its readers and members when it is closed', async () => {
    const log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([TOPIC])
    const waiting = log.reader({ topic: 't', partition: 0, from: 0 }).next(60_000)
    const told: string[] = []
    const member = await log.join({
      group: 'g',
      topic: 't',
      userData: () => Buffer.alloc(0),
      assign: () => new Map(),
      onAssignment: () => told.push('assigned'),
      onLost: () => told.push('lost'),
    })
    const closed = log.close()
    await expect(waiting).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await closed
    expect(member.identity).toBeUndefined()
    expect(told).toEqual([])
    await expect(log.reader({ topic: 't', partition: 0, from: 0 }).next()).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await expect(log.offsets('t')).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })

  it("reports a fault in the leader's sharing, assigns nothing, and shares again at the next join", async () => {
    const errors: object[] = []
    const logger = { error: (fields: object) => errors.push(fields), warn: () => undefined }
    const log = await openEmbeddedLog({ memory: true }, { logger })
    await log.ensureTopics([TOPIC])
    let broken = true
    const assigned: (readonly number[])[] = []
    const bell = { ring: () => {} }
    const rung = () => new Promise<void>((resolve) => (bell.ring = resolve))
    let next = rung()
    const member = await log.join({
      group: 'g',
      topic: 't',
      userData: () => Buffer.alloc(0),
      assign: ([only]) => {
        if (broken) throw new Error('off by one')
        return new Map([[only!.memberId, { partitions: [0, 1], userData: Buffer.alloc(0) }]])
      },
      onAssignment: ({ partitions }) => {
        assigned.push(partitions)
        bell.ring()
      },
      onLost: () => {},
    })
    await next
    expect(assigned).toEqual([[]])
    expect(errors).toMatchObject([{ group: 'g', err: { message: 'off by one' } }])
    broken = false
    next = rung()
    member.rejoin()
    await next
    expect(assigned).toEqual([[], [0, 1]])
    await log.close()
  })
})
