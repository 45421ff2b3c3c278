import type { Log } from '@quorate/log'
import { Last, TestDriver } from '../../testing'
import type { Streams } from '../streams'
import { topologyOf } from '../streams.conformance'

/** Resolves with what is said of partition 0 once that is said. */
/** What a condition says; of partition 0, or of the process as a whole. @throws Error after a minute without it */
export async function conditionOf(
  { conditions }: Pick<Streams, 'conditions'>,
  code: string,
  reason = /./,
): Promise<string> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const found = conditions.all().find((it) => it.code === code && (it.partition ?? 0) === 0 && reason.test(it.reason))
    if (found) return found.detail ?? found.reason
    if (Date.now() > deadline) throw new Error(`${code} was not raised; there is ${JSON.stringify(conditions.all())}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

/** A source that is another log than was applied, on each kind of log. */
export function describeOtherSource(open: () => Promise<Log>, deleteTopic: (log: Log, topic: string) => Promise<void>) {
  let log: Log
  beforeAll(async () => {
    log = await open()
  })
  afterAll(() => log.close())

  describe.each([
    ['more', 5, 12],
    ['fewer', 12, 5],
  ])('a source that was deleted and created again, with %s records than had been applied', (_what, before, after) => {
    it.each(['running', 'stopped'])(
      'while %s: stops until an operator acknowledges it, and loses nothing',
      async (when) => {
        const topology = topologyOf(`other-${Math.random().toString(36).slice(2)}`, 1)
        const driver = await TestDriver.open({ topology, processor: () => new Last(), log })
        let streams = await driver.start()
        const pipe = (count: number, word: string) =>
          driver.pipe(...Array.from({ length: count }, (_, i) => ({ key: `${word}${i}`, value: word })))
        await pipe(before, 'old')
        await driver.settle()
        if (when === 'stopped') await driver.stop()
        await deleteTopic(log, topology.source)
        while (await log.describeTopic(topology.source).catch(() => true))
          await new Promise((done) => setTimeout(done, 50))
        await log.ensureTopics(topology.topics)
        await pipe(after, 'new')
        if (when === 'stopped') streams = await driver.begin()

        const said = await conditionOf(streams, 'STREAMS_SOURCE_REPLACED')
        expect(said).toMatch(new RegExp(`${before} was applied of the topic .*holds 0 to`))
        expect(streams.ready).toBe(false)
        expect(streams.task(0)!.state).toBe('restoring')
        expect(streams.acknowledgeSource(0)).toBe(true)
        await driver.settle()
        const rows = [...driver.task(0).table('sums').range()].map(({ key }) => key)
        expect(rows.filter((key) => key.startsWith('old'))).toHaveLength(before)
        expect(rows.filter((key) => key.startsWith('new'))).toHaveLength(after)
        expect(streams.acknowledgeSource(0)).toBe(false)

        // It holds: the next start goes on without being asked.
        await driver.stop()
        await driver.start()
        await pipe(1, 'later')
        await driver.settle()
        expect(driver.task(0).table('sums').get('later0')?.toString()).toBe('later')
        await driver.close()
      },
    )
  })
}
