import { partitionOf } from '@quorate/log'
import { Bench } from '../testing/bench'
import { Sink, T0 } from '../testing/changes'
import { receiver, RecordingChannel } from '../testing/recording-channel'
import { AT_ONCE } from './pipeline'

/** Two objects of one partition. */
const [BROKEN, OTHER] = ['a', 'b', 'c', 'd', 'e'].filter((object) => partitionOf(object, 2) === 0) as [string, string]

async function open(groupWait: number) {
  const channel = new RecordingChannel()
  const bench = await Bench.open({ receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops', groupWait } }, channel) // prettier-ignore
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}

/** Writes over the row of an object; answers what it was. */
const overwrite = (bench: Bench, row: Buffer): Promise<Buffer> =>
  bench.driver.task(0).submit((context) => {
    const table = context.table('objects')
    const before = table.get(BROKEN)!
    table.put(BROKEN, row)
    context.cache = undefined
    return before
  })
const conditions = (bench: Bench) => bench.driver.streams().conditions.all().map(({ code }) => code) // prettier-ignore

it('names an object of which what is due cannot be told, tells the others, and ends that once it can', async () => {
  const { bench, channel, sink } = await open(10)
  await using _ = bench
  await bench.pipe(sink.changed(BROKEN, 'down', T0), sink.changed(OTHER, 'down', T0))
  const good = await overwrite(bench, Buffer.from('no row'))
  await bench.advance(10)
  await bench.advance(1)
  expect(channel.told()).toEqual([`${OTHER} ->down`])
  expect(conditions(bench)).toEqual(['object-held'])
  await overwrite(bench, good)
  await bench.advance(60)
  await bench.advance(1)
  expect(channel.told()).toEqual([`${OTHER} ->down`, `${BROKEN} ->down`])
  expect(conditions(bench)).toEqual([])
})

it('puts a change that cannot be taken among the dead letters, and tells the next good one', async () => {
  const { bench, channel, sink } = await open(0)
  await using _ = bench
  await bench.pipe(sink.changed(BROKEN, 'down', T0))
  await overwrite(bench, Buffer.from('no row'))
  await bench.pipe(sink.changed(BROKEN, 'up', T0), sink.changed(OTHER, 'down', T0))
  expect(channel.told()).toEqual([`${BROKEN} ->down`, `${OTHER} ->down`])
  const dead = await bench.driver.read('q.dead-letters')
  expect(dead.map(({ key }) => key?.toString())).toEqual([BROKEN])
  expect(bench.driver.task(0).lag).toBe(0)
})
