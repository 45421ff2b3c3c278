import type { TopicSpec } from '@quorate/log'
import { readTo, records } from './collect'
import { refusal, type Subject } from './subject'

export function describeTopics(subject: Subject): void {
  describe('topics', () => {
    const deleted = (): TopicSpec => subject.spec({ partitions: 3, retentionMs: 3_600_000, maxMessageBytes: 70_000 })
    const compacted = (): TopicSpec =>
      subject.spec({ cleanupPolicy: 'compact', timestampType: 'CreateTime', minCompactionLagMs: 5_000 })

    it('are made as they are specified', async () => {
      const specs = [deleted(), compacted()]
      await subject.ensure(...specs)
      expect(await subject.log.describeTopic(specs[0]!.name)).toMatchObject({
        name: specs[0]!.name,
        partitions: 3,
        replication: subject.underTest.replication ?? 1,
        cleanupPolicy: 'delete',
        timestampType: 'LogAppendTime',
        retentionMs: 3_600_000,
        maxMessageBytes: 70_000,
      })
      expect(await subject.log.describeTopic(specs[1]!.name)).toMatchObject({
        partitions: 1,
        cleanupPolicy: 'compact',
        timestampType: 'CreateTime',
        minCompactionLagMs: 5_000,
        deleteRetentionMs: 24 * 3_600_000,
      })
    })

    it('that are as specified already are left as they are', async () => {
      const spec = deleted()
      await subject.ensure(spec)
      const before = await subject.log.describeTopic(spec.name)
      await subject.log.append(records(spec.name, 0, [1]))
      await subject.ensure(spec)
      expect(await subject.log.describeTopic(spec.name)).toEqual(before)
      expect(await readTo(subject.log, spec.name, 0)).toHaveLength(1)
    })

    it('can be ensured by several at once', async () => {
      const spec = deleted()
      const replication = subject.underTest.replication ?? 1
      await Promise.all(
        [subject.log, subject.other, subject.log].map((log) => log.ensureTopics([spec], { replication })),
      )
      expect(await subject.log.describeTopic(spec.name)).toMatchObject({ partitions: 3 })
    })

    it('that are not as specified are refused, every mismatch named', async () => {
      const one = deleted()
      const two = compacted()
      await subject.ensure(one, two)
      const before = [await subject.log.describeTopic(one.name), await subject.log.describeTopic(two.name)]
      const error = await refusal(
        subject.ensure(
          { ...one, partitions: 5, timestampType: 'CreateTime', maxMessageBytes: 80_000 },
          { ...two, partitions: 2 },
        ),
        'LOG_TOPIC_MISMATCH',
      )
      for (const word of [one.name, two.name, '5', 'CreateTime', '80000', '2']) {
        expect(error.message).toContain(word)
      }
      expect([await subject.log.describeTopic(one.name), await subject.log.describeTopic(two.name)]).toEqual(before)
    })

    it('keep the retention, the compaction lag and the larger records that an operator gave them', async () => {
      const one = deleted()
      const two = compacted()
      await subject.ensure(one, two)
      await subject.ensure(
        { ...one, retentionMs: 60_000, maxMessageBytes: 60_000 },
        { ...two, minCompactionLagMs: 9_000 },
      )
      expect(await subject.log.describeTopic(one.name)).toMatchObject({
        retentionMs: 3_600_000,
        maxMessageBytes: 70_000,
      })
      expect(await subject.log.describeTopic(two.name)).toMatchObject({ minCompactionLagMs: 5_000 })
    })

    it('with another clean-up policy are refused', async () => {
      const spec = compacted()
      await subject.ensure(spec)
      const { minCompactionLagMs: _, ...rest } = spec
      const error = await refusal(subject.ensure({ ...rest, cleanupPolicy: 'delete' }), 'LOG_TOPIC_MISMATCH')
      expect(error.message).toContain('compact')
    })

    it('that do not exist have no description and cannot be used', async () => {
      const name = subject.name('nowhere')
      expect(await subject.log.describeTopic(name)).toBeUndefined()
      await refusal(subject.log.offsets(name), 'LOG_UNKNOWN_TOPIC')
      await refusal(subject.log.append(records(name, 0, [1])), 'LOG_UNKNOWN_TOPIC')
      const reader = subject.log.reader({ topic: name, partition: 0, from: 0 })
      await refusal(reader.next(), 'LOG_UNKNOWN_TOPIC')
      reader.close()
    })

    it('have the partitions they have and no more', async () => {
      const name = await subject.topic({ partitions: 2 })
      await refusal(subject.log.append(records(name, 2, [1])), 'LOG_UNKNOWN_TOPIC')
      const reader = subject.log.reader({ topic: name, partition: 2, from: 0 })
      await refusal(reader.next(), 'LOG_UNKNOWN_TOPIC')
      reader.close()
      const offsets = await subject.log.offsets(name)
      expect(offsets.sort((a, b) => a.partition - b.partition)).toEqual([
        { partition: 0, start: 0, end: 0 },
        { partition: 1, start: 0, end: 0 },
      ])
    })

    const { deleteTopic } = subject.underTest
    if (deleteTopic) {
      it('get another id when they are made again', async () => {
        const spec = deleted()
        await subject.ensure(spec)
        const before = await subject.log.describeTopic(spec.name)
        await subject.log.append(records(spec.name, 0, [1, 2]))
        await deleteTopic(subject.log, spec.name)
        await subject.ensure(spec)
        const after = await subject.log.describeTopic(spec.name)
        expect(after).toMatchObject({ name: spec.name, partitions: 3 })
        expect(after!.id).not.toBe(before!.id)
        expect(await readTo(subject.log, spec.name, 0)).toEqual([])
      })
    }
  })
}
