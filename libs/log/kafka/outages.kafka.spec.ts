import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import { LogError, type Log } from '../src'
import { readTo, records } from '../testing'
import { RecordingMember } from '../testing/group-member'
import { refusal } from '../testing/subject'
import { openKafkaLog } from '.'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

/**
 * Fences, and after any failure fences again and goes on where the committed offset says: the life of a task, in short.
 */
async function commitAll(
  log: Log,
  topic: string,
  count: number,
  group: string,
  done: (i: number) => Promise<void>,
): Promise<void> {
  const id = unique('id')
  for (let next = 0; next < count;) {
    try {
      const transactor = await log.fence(id)
      next = (await log.committed(group, topic, [0])).get(0) ?? 0
      for (; next < count; next++) {
        await transactor.commit({
          records: records(topic, 0, [next]),
          source: { group, topic, partition: 0, offset: next + 1 },
        })
        await done(next)
      }
    } catch (error) {
      if (!LogError.is(error, 'LOG_UNAVAILABLE', 'LOG_OUTCOME_UNKNOWN')) throw error
    }
  }
}

describe.each([1, 3])('when a broker of %i goes away and comes back', (nodes) => {
  describeOwnKafka(`(${nodes} in all)`, () => {
    let broker: BrokerCluster
    let log: Log
    let topic: string

    beforeAll(async () => {
      broker = await startBroker({
        nodes,
        config: { 'broker.session.timeout.ms': 3000, 'broker.heartbeat.interval.ms': 500 },
      })
      log = await openKafkaLog({
        brokers: broker.brokers,
        clientId: 'spec',
        appendTimeoutMs: 60_000,
        retryTimeoutMs: 60_000,
      })
    }, 120_000)
    afterAll(async () => {
      await log?.close()
      await broker?.stop()
    })
    beforeEach(async () => {
      topic = unique('topic')
      await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    })

    /** kill -9 of whoever leads the most, and back again. */
    const bounce = async () => {
      await broker.kill(1)
      await broker.restart(1)
    }
    const values = async () => (await readTo(log, topic, 0)).map(({ value }) => Number(value!.toString()))

    it('appends wait for it, and are neither lost nor doubled nor out of order; readers go on', async () => {
      const count = 400
      const reader = log.reader({ topic, partition: 0, from: 0 })
      const seen: number[] = []
      const reading = (async () => {
        while (seen.length < count)
          for (const { value } of (await reader.next()).records) seen.push(Number(value!.toString()))
      })()
      let bouncing: Promise<void> | undefined
      const inFlight: Promise<unknown>[] = []
      for (const i of numbers(count)) {
        inFlight.push(log.append(records(topic, 0, [i])))
        if (i === 100) bouncing = bounce()
        if (inFlight.length === 7) await Promise.all(inFlight.splice(0))
      }
      await Promise.all([...inFlight, bouncing, reading])
      reader.close()
      expect(seen).toEqual(numbers(count))
      expect(await values()).toEqual(numbers(count))
    }, 120_000)

    // A single broker that is killed between acknowledging a commit and writing its markers never writes them (Kafka
    // 4.3.1; DESIGN.md, "What Kafka does"): alone, it is killed between two transactions.
    it('transactions commit once each, whatever became of those under way', async () => {
      const group = unique('group')
      let bouncing: Promise<void> | undefined
      await commitAll(log, topic, 200, group, async (i) => {
        if (i !== 60) return
        if (nodes === 1) await values() // reads past the marker
        bouncing = bounce()
        if (nodes === 1) await bouncing
      })
      await bouncing
      expect(await values()).toEqual(numbers(200))
      expect(await log.committed(group, topic, [0])).toEqual(new Map([[0, 200]]))
    }, 120_000)

    it('a member is a member again', async () => {
      const group = unique('group')
      const member = await RecordingMember.join(log, group, topic, 'a')
      await member.has(0)
      await bounce()
      const id = unique('id')
      let seen = member.assignments.length
      let refused: unknown
      member.member.rejoin()
      do {
        await member.until(({ assignments }) => assignments.length > seen)
        seen = member.assignments.length
        const source = { group, topic, partition: 0, offset: 5, member: member.member.identity! }
        const transactor = await log.fence(id)
        refused = undefined
        await transactor.commit({ records: [], source }).catch((error: unknown) => (refused = error))
        // On a slow machine the session may have ended meanwhile: then another identity follows.
        if (refused) expect(refused).toMatchObject({ code: 'LOG_STALE_MEMBER' })
      } while (refused)
      expect(await log.committed(group, topic, [0])).toEqual(new Map([[0, 5]]))
      await member.member.leave()
    }, 120_000)
  })
})

describeOwnKafka('when the only broker', () => {
  let broker: BrokerCluster
  let log: Log
  let topic: string

  beforeAll(async () => {
    broker = await startBroker()
    log = await openKafkaLog({
      brokers: broker.brokers,
      clientId: 'spec',
      requestTimeoutMs: 1000,
      appendTimeoutMs: 2000,
      retryTimeoutMs: 2000,
    })
    topic = unique('topic')
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    await log.append(records(topic, 0, [0]))
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  it('does not answer, an append says that its outcome is not known, and the next one works when it answers again', async () => {
    const transactor = await log.fence(unique('id'))
    broker.pause()
    const [append, commit] = await Promise.all([
      refusal(log.append(records(topic, 0, ['perhaps'])), 'LOG_OUTCOME_UNKNOWN'),
      refusal(transactor.commit({ records: records(topic, 0, ['never']) }), 'LOG_UNAVAILABLE'),
      refusal(log.fence(unique('id')), 'LOG_UNAVAILABLE'),
      refusal(log.offsets(topic), 'LOG_UNAVAILABLE'),
    ])
    broker.resume()
    expect([append.action, commit.action]).toEqual(['refence', 'retry'])
    await log.append(records(topic, 0, ['after']))
    await (await log.fence(transactor.id)).commit({ records: [] })
    const read = (await readTo(log, topic, 0)).map(({ value }) => value!.toString())
    expect(read.filter((value) => value !== 'perhaps')).toEqual(['0', 'after'])
    expect(read.filter((value) => value === 'perhaps').length).toBeLessThan(2)
  }, 60_000)

  it('is gone, nothing was done, and all says so', async () => {
    await broker.kill()
    await Promise.all([
      refusal(log.append(records(topic, 0, [1])), 'LOG_UNAVAILABLE'),
      refusal(log.fence(unique('id')), 'LOG_UNAVAILABLE'),
      refusal(log.committed(unique('group'), topic, [0]), 'LOG_UNAVAILABLE'),
      refusal(openKafkaLog({ brokers: broker.brokers, clientId: 'spec', retryTimeoutMs: 1000 }), 'LOG_UNAVAILABLE'),
    ])
    const reader = log.reader({ topic, partition: 0, from: 0 })
    expect(await reader.next(500)).toMatchObject({ records: [], next: 0 })
    reader.close()
  }, 60_000)
})
