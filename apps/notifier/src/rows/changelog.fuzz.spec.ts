import type { OutRecord } from '@quorate/log'
import { CHECKPOINT_KEY, decodeCheckpoint } from '@quorate/state-store'
import { fuzzing, intrusions } from '@quorate/streams/testing'
import fc from 'fast-check'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel } from '../../testing/recording-channel'
import type { GroupMessage } from '../outbox/message'
import type { Routing } from '../pipeline'
import { notifierTopology } from '../topology'

const topology = notifierTopology({ prefix: 'q', applicationId: 'notifier', partitions: 2 })
const route = { groupBy: [], groupWait: 0, groupInterval: 0, unknownAfter: 0, quiet: [] }
const rules: Routing = {
  receivers: [
    { name: 'ops', endpoints: [{ name: 'hook', channel: 'hook', settings: { endpoint: 'hook' } }, { name: 'mail', channel: 'mail', settings: { endpoint: 'mail' } }] },
    { name: 'later', endpoints: [{ name: 'later', channel: 'mail', settings: { endpoint: 'later' } }] },
    { name: 'sick', endpoints: [{ name: 'sick', channel: 'sick', settings: { endpoint: 'sick' } }] },
  ],
  root: {
    ...route, receiver: 'ops',
    routes: [
      { receiver: 'later', groupBy: ['object'], groupWait: 3600, repeatInterval: 7200, continue: true },
      { receiver: 'sick', continue: true },
      { receiver: 'ops' },
    ],
  },
} // prettier-ignore

const KEYS = [
  'objects/site/0', 'objects/site/1', 'objects/', 'groups/x', 'gatherings/mail\u0001x', 'outbox/hook\u0001site/0\u00010', 'outbox/', 'history/x', 'by-object/site/0',
  'dead/x', 'withheld/x\u0001site/0', 'standing/hook', 'in-force/x', 'in-force/', 'unknown/table', 'no-table', '', '@/checkpoint', '@/other', '/',
] // prettier-ignore

it('starts, tells and stops whatever lies in its changelog', async () => {
  const one = fc.record({ intrusion: intrusions({ keys: KEYS }), partition: fc.constantFrom(0, 1) })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), async (them) => {
      const [hook, mail, sick] = [
        new RecordingChannel('hook'),
        new RecordingChannel('mail', true),
        new RecordingChannel('sick'),
      ]
      let attempts = 0
      sick.answer = () => ({ kind: attempts++ % 4 === 3 ? ('dead' as const) : ('retry' as const), reason: 'sick' })
      await using bench = await Bench.open(rules, hook, mail, sick)
      const sink = new Sink()
      let good = 0
      let lying: object[] = []
      bench.clock.moveTo(T0)
      const without = ({ topic: _, partition: __, ...record }: OutRecord) => record
      const changed = (object: string, state: string) =>
        bench.driver.pipe(without(sink.changed(object, state, bench.clock.now())))
      const goesOn = async (): Promise<void> => {
        const objects = ['a', 'b', 'c', 'd'].map((name) => `good/${name}${good++}`)
        for (const object of objects) await changed(object, 'down')
        await bench.quiet()
        for (let i = 0; i < 4; i++) await bench.advance(65)
        expect(bench.tasks().map(({ state, lag }) => [state, lag])).toEqual([['running', 0], ['running', 0]]) // prettier-ignore
        for (const object of objects) expect(hook.told('hook')).toContain(`${object} ->down`)
        const mailed = mail.received
          .filter(({ endpoint }) => endpoint === 'mail')
          .flatMap(({ message }) => (message as GroupMessage).changes.map((change) => change.object))
        for (const object of objects) expect(mailed).toContain(object)
      }
      const story = async (): Promise<void> => {
        await bench.start()
        for (let i = 0; i < 6; i++) await changed(`site/${i}`, 'down')
        await goesOn()
        await changed('site/0', 'up')
        await bench.driver.pipe(without(sink.deleted('site/1', bench.clock.now())))
        await bench.quiet()
        await bench.driver.stop()
        const rows = (await bench.driver.read(topology.changelog))
          .filter(({ key }) => key?.toString() !== CHECKPOINT_KEY)
          .map(({ key, value }) => ({ key, value }))
        const records = them
          .map(({ intrusion, partition }) => ({ ...intrusion(rows), partition }))
          // A checkpoint that can be read counts, even a foreign one: health names where it points, and an operator
          // decides.
          .filter(({ key, value }) => String(key) !== CHECKPOINT_KEY || !value || !decodeCheckpoint(value))
        lying = records
        await bench.driver.log.append(records.map((it) => ({ topic: topology.changelog, ...it })))
        bench.driver.loseDisk()
        await bench.start()
        await goesOn()
        await bench.advance(7_300)
        for (let i = 0; i < 6; i++) await changed(`site/${i}`, i % 2 === 0 ? 'down' : 'up')
        await goesOn()
        await bench.driver.stop()
        await bench.start()
        await bench.advance(8 * 86_400)
        await goesOn()
      }

      await story().catch((error: unknown) => {
        const them = lying.map((it) => Object.values(it).map((part) => String(part).slice(0, 2000)))
        throw new Error(JSON.stringify({ conditions: bench.driver.streams().conditions.all(), them }), { cause: error })
      })
    }),
    { ...fuzzing(12), endOnFailure: true },
  )
}, 3_600_000)
