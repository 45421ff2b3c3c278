import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE } from '../pipeline'

/** Objects of both partitions, all in one group. */
const OBJECTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const receiver = (name: string) => ({ name, endpoints: [{ name, channel: 'mail', settings: { endpoint: name } }] })

it('N69: a group whose parts lie in two partitions ends with decisions where its endpoint is taken away', async () => {
  const channel = new RecordingChannel('mail', true)
  const root = { ...AT_ONCE, quiet: ['up'], receiver: 'ops', groupBy: [] }
  await using bench = await Bench.open({ receivers: [receiver('ops'), receiver('rest')], root }, channel)
  bench.clock.moveTo(T0)
  await bench.start()
  const sink = new Sink()
  await bench.pipe(...OBJECTS.map((object) => sink.changed(object, 'down', T0)))
  await bench.configure({ receivers: [receiver('rest')], root: { ...root, receiver: 'rest' } })
  for (let i = 0; i < 3; i++) await bench.advance(2)
  expect(bench.outbox()).toEqual([])
  expect(channel.received.filter(({ endpoint }) => endpoint === 'ops')).toEqual([])
  const groups = bench.decisions().filter(({ endpoint, status }) => endpoint === 'ops' && status === 'dead')
  expect(groups.map(({ reason }) => reason)).toEqual(['endpoint-removed', 'endpoint-removed'])
})
