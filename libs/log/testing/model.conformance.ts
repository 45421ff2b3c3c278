import fc from 'fast-check'
import type { Transactor } from '@quorate/log'
import { readTo } from './collect'
import { refusal, type Subject } from './subject'

const PARTITIONS = 2

type Step =
  | { readonly do: 'append'; readonly records: readonly Content[] }
  | { readonly do: 'commit'; readonly by: number; readonly records: readonly Content[]; readonly offset: number | null }
  | { readonly do: 'fence'; readonly id: number }

interface Content {
  readonly topic: number
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
}

const content = fc.record<Content>({
  topic: fc.nat(1),
  partition: fc.nat(PARTITIONS - 1),
  key: fc.option(fc.string({ unit: 'binary', maxLength: 8 })),
  value: fc.option(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.nat(3_000).map((n) => '·'.repeat(n)),
    ),
  ),
})
const contents = fc.array(content, { maxLength: 12 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('append' as const), records: contents }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      by: fc.nat(5),
      records: contents,
      offset: fc.option(fc.nat(1_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fence' as const), id: fc.nat(1) }) },
)

/** Any history of appends, commits and fences leaves what a few arrays say it leaves. */
export function describeModel(subject: Subject): void {
  describe('any history of appends, commits and fences', () => {
    it('leaves exactly what was acknowledged, in order', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => live(subject, steps)),
        { numRuns: subject.underTest.histories ?? 20 },
      )
    })
  })
}

interface Holder {
  readonly id: number
  readonly transactor: Transactor
}

async function live(subject: Subject, steps: readonly Step[]): Promise<void> {
  const topics = [await subject.topic({ partitions: PARTITIONS }), await subject.topic({ partitions: PARTITIONS })]
  const ids = [subject.name('id'), subject.name('id')]
  const group = subject.name('group')
  const model = topics.map(() => Array.from({ length: PARTITIONS }, () => [] as (readonly (string | null)[])[]))
  let committed: number | undefined
  const holders: Holder[] = []
  const outgoing = (all: readonly Content[]) =>
    all.map(({ topic, partition, key, value }) => ({ topic: topics[topic]!, partition, key, value }))
  const remember = (all: readonly Content[]) => {
    for (const { topic, partition, key, value } of all) model[topic]![partition]!.push([key, value])
  }

  for (const each of steps) {
    if (each.do === 'append') {
      await subject.log.append(outgoing(each.records))
      remember(each.records)
    } else if (each.do === 'fence') {
      holders.push({ id: each.id, transactor: await subject.log.fence(ids[each.id]!) })
    } else if (holders.length > 0) {
      const holder = holders[each.by % holders.length]!
      const source =
        each.offset === null ? {} : { source: { group, topic: topics[0]!, partition: 0, offset: each.offset } }
      const commit = holder.transactor.commit({ records: outgoing(each.records), ...source })
      if (holders.some((later, i) => later.id === holder.id && i > holders.indexOf(holder))) {
        await refusal(commit, 'LOG_FENCED')
      } else {
        await commit
        remember(each.records)
        committed = each.offset ?? committed
      }
    }
  }

  for (const [t, topic] of topics.entries()) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const read = await readTo(subject.log, topic, partition)
      const wanted = model[t]![partition]!.map((pair) => pair.map((text) => text && Buffer.from(text).toString()))
      expect(read.map(({ key, value }) => [key && key.toString(), value && value.toString()])).toEqual(wanted)
    }
  }
  expect((await subject.log.committed(group, topics[0]!, [0])).get(0)).toBe(committed)
  await Promise.all(holders.map((holder) => holder.transactor.close()))
}
