import { readTo, records } from './collect'
import { refusal, type Subject } from './subject'

/** A topic that is another by the same name. */
export function describeOtherLog(subject: Subject): void {
  describe('a topic that was deleted and created again', () => {
    const again = async (before: number, after: number) => {
      const { log, underTest } = subject
      const spec = subject.spec()
      await subject.ensure(spec)
      await log.append(records(spec.name, 0, numbers(before)))
      const reader = log.reader({ topic: spec.name, partition: 0, from: 0 })
      const { next, topicId, epoch } = await reader.next(10_000)
      expect(next).toBe(before)
      expect(topicId).toBe((await log.describeTopic(spec.name))!.id)
      await underTest.deleteTopic!(log, spec.name)
      while (await log.describeTopic(spec.name).catch(() => true)) await new Promise((done) => setTimeout(done, 50))
      await subject.ensure(spec)
      await log.append(records(spec.name, 0, numbers(after)))
      return { topic: spec.name, reader, place: { from: next, topicId, epoch } }
    }

    it.each([
      [10, 3],
      [3, 10],
    ])('is not read in the place of the first, be it shorter or longer (%s, %s)', async (before, after) => {
      const { log } = subject
      const { topic, reader, place } = await again(before, after)
      const refused = async () => {
        for (;;) await reader.next(1_000)
      }
      await refusal(refused(), 'LOG_TOPIC_REPLACED', 'LOG_UNKNOWN_TOPIC')
      reader.close()
      const later = log.reader({ topic, partition: 0, ...place })
      await refusal(later.next(20_000), 'LOG_TOPIC_REPLACED')
      later.close()
      expect(await readTo(log, topic, 0)).toHaveLength(after)
    })
  })

  it('reads on by the place that a batch named', async () => {
    const { log } = subject
    const topic = await subject.topic()
    await log.append(records(topic, 0, [0, 1]))
    const first = log.reader({ topic, partition: 0, from: 0 })
    const { next: from, topicId, epoch } = await first.next(10_000)
    first.close()
    await log.append(records(topic, 0, [2]))
    const second = log.reader({ topic, partition: 0, from, topicId, epoch })
    expect((await second.next(10_000)).records.map(({ offset }) => offset)).toEqual([2])
    second.close()
    if (epoch !== undefined) expect(await log.divergence(topic, 0, from, epoch)).toBeUndefined()
  })
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
