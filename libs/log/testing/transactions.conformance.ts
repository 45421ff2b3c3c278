import type { Transactor } from '@quorate/log'
import { collect, readTo, records } from './collect'
import { refusal, type Subject } from './subject'

const values = (read: readonly { value: Buffer | null }[]) => read.map((record) => record.value!.toString())

export function describeTransactions(subject: Subject): void {
  describe('a transaction', () => {
    const open: Transactor[] = []
    const fence = async (id: string, log = subject.log) => {
      const transactor = await log.fence(id)
      open.push(transactor)
      return transactor
    }
    afterEach(() => Promise.all(open.splice(0).map((transactor) => transactor.close())))

    it('commits records of several topics and the source offset together, and says where they lie', async () => {
      const [source, one, two] = [await subject.topic(), await subject.topic(), await subject.topic({ partitions: 2 })]
      const group = subject.name('group')
      const transactor = await fence(subject.name('id'))
      const appended = await transactor.commit({
        records: [...records(one, 0, ['a', 'b']), ...records(two, 1, ['c']), ...records(one, 0, ['d'])],
        source: { group, topic: source, partition: 0, offset: 17 },
      })
      expect(appended).toHaveLength(2)
      for (const [topic, partition, expected] of [
        [one, 0, ['a', 'b', 'd']],
        [two, 1, ['c']],
      ] as const) {
        const read = await readTo(subject.log, topic, partition)
        expect(values(read)).toEqual(expected)
        const place = appended.find((each) => each.topic === topic)
        expect(place).toEqual({ topic, partition, first: read[0]!.offset, last: read.at(-1)!.offset })
      }
      expect(await subject.log.committed(group, source, [0])).toEqual(new Map([[0, 17]]))
    })

    it('may carry nothing at all, or an offset alone, again and again', async () => {
      const source = await subject.topic()
      const group = subject.name('group')
      const transactor = await fence(subject.name('id'))
      expect(await transactor.commit({ records: [] })).toEqual([])
      for (let offset = 1; offset <= 20; offset++) {
        expect(
          await transactor.commit({ records: [], source: { group, topic: source, partition: 0, offset } }),
        ).toEqual([])
      }
      expect(await subject.other.committed(group, source, [0])).toEqual(new Map([[0, 20]]))
    })

    it('follows the one before it, many a second', async () => {
      const topic = await subject.topic()
      const transactor = await fence(subject.name('id'))
      let last = -1
      for (let i = 0; i < 50; i++) {
        const [place] = await transactor.commit({ records: records(topic, 0, [i]) })
        expect(place!.first).toBeGreaterThan(last)
        last = place!.last
      }
      expect(values(await readTo(subject.log, topic, 0))).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
    })

    it('carries 10,000 records', async () => {
      const topics = [await subject.topic(), await subject.topic()]
      const transactor = await fence(subject.name('id'))
      const all = Array.from({ length: 10_000 }, (_, i) => `${i}`.padEnd(150, '.'))
      await transactor.commit({ records: topics.flatMap((topic) => records(topic, 0, all.slice(0, 5_000))) })
      await transactor.commit({ records: records(topics[0]!, 0, all) })
      expect(values(await readTo(subject.log, topics[0]!, 0))).toEqual([...all.slice(0, 5_000), ...all])
      expect(values(await readTo(subject.log, topics[1]!, 0))).toEqual(all.slice(0, 5_000))
    })

    it('reaches every partition of a topic', async () => {
      const topic = await subject.topic({ partitions: 6 })
      const transactor = await fence(subject.name('id'))
      const everywhere = Array.from({ length: 6 }, (_, partition) => records(topic, partition, ['all'])).flat()
      expect(await transactor.commit({ records: everywhere })).toHaveLength(6)
      for (let partition = 0; partition < 6; partition++) {
        expect(values(await readTo(subject.log, topic, partition))).toEqual(['all'])
      }
    })

    it('is seen by a reader that waits, in order with what is appended outside', async () => {
      const topic = await subject.topic()
      const transactor = await fence(subject.name('id'))
      const reader = subject.other.reader({ topic, partition: 0, from: 0 })
      const reading = collect(reader, 5)
      await transactor.commit({ records: records(topic, 0, ['a', 'b']) })
      await subject.log.append(records(topic, 0, ['c']))
      await transactor.commit({ records: records(topic, 0, ['d', 'e']) })
      expect(values(await reading)).toEqual(['a', 'b', 'c', 'd', 'e'])
      reader.close()
    })

    it('with a record too large commits nothing, and its identity has to be fenced anew', async () => {
      const topic = await subject.topic({ maxMessageBytes: 10_000 })
      const good = await subject.topic()
      const group = subject.name('group')
      const id = subject.name('id')
      const transactor = await fence(id)
      const refused = transactor.commit({
        records: [...records(good, 0, ['lost']), { topic, partition: 0, key: null, value: 'x'.repeat(20_000) }],
        source: { group, topic: good, partition: 0, offset: 5 },
      })
      await refusal(refused, 'LOG_RECORD_TOO_LARGE')
      await expect(transactor.commit({ records: records(good, 0, ['dead']) })).rejects.toThrow()
      await (await fence(id)).commit({ records: records(good, 0, ['alive']) })
      expect(values(await readTo(subject.log, good, 0))).toEqual(['alive'])
      expect(await readTo(subject.log, topic, 0)).toEqual([])
      expect(await subject.log.committed(group, good, [0])).toEqual(new Map())
    })

    it('to a partition that is not there commits nothing', async () => {
      const good = await subject.topic()
      const transactor = await fence(subject.name('id'))
      const refused = transactor.commit({ records: [...records(good, 0, ['lost']), ...records(good, 7, ['nowhere'])] })
      await refusal(refused, 'LOG_UNKNOWN_TOPIC')
      expect(await readTo(subject.log, good, 0)).toEqual([])
    })
  })

  describe('a fenced identity', () => {
    it('shuts its predecessor out: LOG_FENCED, and nothing of it is to be seen', async () => {
      const topic = await subject.topic()
      const group = subject.name('group')
      const id = subject.name('id')
      const before = await subject.log.fence(id)
      await before.commit({ records: records(topic, 0, ['before']), source: { group, topic, partition: 0, offset: 1 } })
      const after = await subject.other.fence(id)
      const late = before.commit({
        records: records(topic, 0, ['zombie']),
        source: { group, topic, partition: 0, offset: 9 },
      })
      expect((await refusal(late, 'LOG_FENCED')).action).toBe('close')
      await refusal(before.commit({ records: [] }), 'LOG_FENCED')
      await after.commit({ records: records(topic, 0, ['after']) })
      expect(values(await readTo(subject.log, topic, 0))).toEqual(['before', 'after'])
      expect(await subject.log.committed(group, topic, [0])).toEqual(new Map([[0, 1]]))
      await before.close()
      await after.close()
    })

    it('shuts a predecessor out that never committed', async () => {
      const topic = await subject.topic()
      const id = subject.name('id')
      const idle = await subject.log.fence(id)
      const after = await subject.other.fence(id)
      await refusal(idle.commit({ records: records(topic, 0, ['zombie']) }), 'LOG_FENCED')
      await after.commit({ records: records(topic, 0, ['after']) })
      expect(values(await readTo(subject.log, topic, 0))).toEqual(['after'])
      await idle.close()
      await after.close()
    })

    it('finds all its predecessor committed readable, and what was still open all there or all gone', async () => {
      const topics = [await subject.topic(), await subject.topic()]
      const group = subject.name('group')
      const id = subject.name('id')
      let transactor = await subject.log.fence(id)
      const kept: string[] = []
      for (let round = 0; round < 10; round++) {
        const first = transactor.commit({ records: topics.flatMap((topic) => records(topic, 0, [`${round}a`])) })
        await first
        const open = transactor
          .commit({
            records: topics.flatMap((topic) => records(topic, 0, [`${round}b`, `${round}c`])),
            source: { group, topic: topics[0]!, partition: 0, offset: round + 1 },
          })
          .then(
            () => 'committed',
            (error: { code: string }) => error.code,
          )
        const successor = await subject.other.fence(id)
        const { end } = (await subject.log.offsets(topics[0]!))[0]!
        const outcome = await open
        expect(['committed', 'LOG_FENCED', 'LOG_OUTCOME_UNKNOWN']).toContain(outcome)
        const read = await readTo(subject.log, topics[0]!, 0)
        const seen = values(read).slice(kept.length)
        const whole = [`${round}a`, `${round}b`, `${round}c`]
        expect(seen).toEqual(outcome === 'committed' || seen.length > 1 ? whole : whole.slice(0, 1))
        if (outcome === 'LOG_FENCED') expect(seen).toHaveLength(1)
        expect(read.every((record) => record.offset < end)).toBe(true)
        kept.push(...seen)
        expect(values(await readTo(subject.log, topics[1]!, 0))).toEqual(kept)
        const offset = (await subject.log.committed(group, topics[0]!, [0])).get(0)
        if (seen.length > 1) expect(offset).toBe(round + 1)
        else expect(offset).not.toBe(round + 1)
        await transactor.close()
        transactor = successor
      }
      await transactor.close()
    })

    it('has one holder, however many take it at once', async () => {
      const topic = await subject.topic()
      const id = subject.name('id')
      const taken = await Promise.allSettled([0, 1, 2, 3].map((i) => (i % 2 ? subject.other : subject.log).fence(id)))
      const holders = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      for (const each of taken) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'LOG_FENCED' })
      }
      const commits = await Promise.allSettled(
        holders.map((holder, i) => holder.commit({ records: records(topic, 0, [i]) })),
      )
      const winners = commits.flatMap((each, i) => (each.status === 'fulfilled' ? [`${i}`] : []))
      expect(winners).toHaveLength(1)
      for (const each of commits) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'LOG_FENCED' })
      }
      expect(values(await readTo(subject.log, topic, 0))).toEqual(winners)
      await Promise.all(holders.map((holder) => holder.close()))
    })

    it('does not disturb other identities', async () => {
      const topic = await subject.topic()
      const one = await subject.log.fence(subject.name('id'))
      const two = await subject.log.fence(subject.name('id'))
      await Promise.all([
        one.commit({ records: records(topic, 0, ['one']) }),
        two.commit({ records: records(topic, 0, ['two']) }),
      ])
      expect(values(await readTo(subject.log, topic, 0)).sort()).toEqual(['one', 'two'])
      await one.close()
      await two.close()
    })

    it('that is closed commits nothing more', async () => {
      const topic = await subject.topic()
      const transactor = await subject.log.fence(subject.name('id'))
      await transactor.close()
      await refusal(transactor.commit({ records: records(topic, 0, ['x']) }), 'LOG_CLOSED')
      expect(await readTo(subject.log, topic, 0)).toEqual([])
    })
  })

  describe('committed offsets', () => {
    it('are of one group, topic and partition, and absent before the first', async () => {
      const topics = [await subject.topic({ partitions: 3 }), await subject.topic({ partitions: 3 })]
      const groups = [subject.name('group'), subject.name('group')]
      const transactor = await subject.log.fence(subject.name('id'))
      const commit = (group: string, topic: string, partition: number, offset: number) =>
        transactor.commit({ records: [], source: { group, topic, partition, offset } })
      await commit(groups[0]!, topics[0]!, 0, 1)
      await commit(groups[0]!, topics[0]!, 2, 2)
      await commit(groups[0]!, topics[1]!, 0, 3)
      await commit(groups[1]!, topics[0]!, 0, 4)
      const { log } = subject
      expect(await log.committed(groups[0]!, topics[0]!, [0, 1, 2])).toEqual(
        new Map([
          [0, 1],
          [2, 2],
        ]),
      )
      expect(await log.committed(groups[0]!, topics[1]!, [0, 1])).toEqual(new Map([[0, 3]]))
      expect(await log.committed(groups[1]!, topics[0]!, [0, 2])).toEqual(new Map([[0, 4]]))
      expect(await log.committed(groups[1]!, topics[1]!, [0])).toEqual(new Map())
      expect(await log.committed(subject.name('nobody'), topics[0]!, [0, 1, 2])).toEqual(new Map())
      await transactor.close()
    })

    it('are up to date as soon as the commit has been acknowledged, and may go back', async () => {
      const topic = await subject.topic()
      const group = subject.name('group')
      const transactor = await subject.log.fence(subject.name('id'))
      for (const offset of [5, 9, 2, 3, 8]) {
        await transactor.commit({ records: [], source: { group, topic, partition: 0, offset } })
        expect(await subject.other.committed(group, topic, [0])).toEqual(new Map([[0, offset]]))
      }
      await transactor.close()
    })
  })
}
