import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel, receiver } from '../../testing/recording-channel'
import { AT_ONCE } from '../pipeline'
import { notifierTopology } from '../topology'

const { changelog } = notifierTopology({ prefix: 'q', applicationId: 'notifier', partitions: 2 })

/** An object's row as it is, of another object. */
const OTHER = JSON.stringify({
  incarnation: 0, revision: 1, told: {}, held: { root: { until: 1, reason: 'group-wait', arrivedAt: 1, decision: 'x/y' } }, planned: 1,
  news: { object: 'site/y', event: 'site/y@0.1', incarnation: 0, revision: 1, type: 'object.changed', time: T0, state: 'down', cause: 'vote', view: null },
}) // prettier-ignore

const row = { incarnation: 0, revision: 1, told: {}, held: {}, planned: 1 }
/** The same with the change as a list. */
const OTHER_CELLS = JSON.stringify({
  ...row,
  news: ['site/y', 'site/y@0.1', 0, 1, 'object.changed', T0, 'down', 'vote', null],
})
const SHORT_CELLS = JSON.stringify({ ...row, news: ['site/x', 'site/x@0.1'] })
const SHORT_VIEW = JSON.stringify({
  ...row,
  news: ['site/x', 'site/x@0.1', 0, 1, 'object.changed', T0, 'down', 'vote', ['site/x']],
})

const FOREIGN: [string, string | null][] = [
  ['objects/site/x', 'not json'],
  ['objects/site/x', '{}'],
  ['objects/site/x', '{"incarnation":0,"revision":1,"told":{"ops":null},"held":{},"planned":1}'],
  ['objects/site/x', OTHER],
  ['objects/site/x', OTHER_CELLS],
  ['objects/site/x', SHORT_CELLS],
  ['objects/site/x', SHORT_VIEW],
  ['objects/', '7'],
  ['groups/x', 'null'],
  ['gatherings/ops\u0001x', '{"closeAt":1}'],
  ['outbox/ops', '[]'],
  ['outbox/ops\u0001site/x\u0001000000000000', '[1,2,3]'],
  ['history/x', '[null,[]]'],
  ['history/9999999999999.0000', '{"rows":1}'],
  ['by-object/site/x', '"x"'],
  ['dead/x', '{"row":{}}'],
  ['withheld/silence/gone\u0001nobody', ''],
  ['withheld/x', ''],
  ['withheld/', ''],
  ['standing/x', ''],
  ['in-force/routing', 'rubbish'],
  ['in-force/routing', '{"version":1}'],
  ['unknown/table', '1'],
  ['@/checkpoint', 'rubbish'],
]

it.each(FOREIGN)('starts, tells and goes on with a foreign record in its changelog: %s = %s', async (key, value) => {
  const channel = new RecordingChannel()
  await using bench = await Bench.open({ receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }, channel)
  const sink = new Sink()
  bench.clock.moveTo(T0)
  await bench.start()
  await bench.pipe(sink.changed('site/x', 'down', T0))
  await bench.driver.stop()
  bench.driver.loseDisk()
  await bench.driver.log.append([0, 1].map((partition) => ({ topic: changelog, partition, key, value })))
  await bench.start()
  await bench.pipe(sink.changed('site/x', 'up', T0), sink.changed('site/z', 'down', T0))
  expect(channel.told().sort()).toEqual(['site/x ->down', 'site/x down>up', 'site/z ->down'])
  expect(bench.tasks().map(({ state, lag }) => [state, lag])).toEqual([['running', 0], ['running', 0]]) // prettier-ignore
})
