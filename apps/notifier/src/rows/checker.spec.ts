import { changelogKey, sqliteStores } from '@quorate/state-store'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { notifierTopology } from '../topology'
import { inconsistencies } from './checker'

const { tables } = notifierTopology({ prefix: 'q', applicationId: 'notifier', partitions: 2 })

/** The rows of a task with one delivery to make and one change that a silence holds back. */
async function rows(): Promise<Map<string, Buffer>> {
  const channel = new RecordingChannel()
  channel.answer = () => ({ kind: 'retry', reason: 'out of reach' })
  const silence = { id: 's', match: { object: ['held/**'] }, startsAt: T0 - 1, endsAt: T0 + 3_600_000, author: 'a', comment: 'c' } // prettier-ignore
  const routing = { receivers: [receiver('ops')], root: { receiver: 'ops' }, silences: [silence] }
  const bench = await Bench.open(routing, channel)
  await using _ = bench
  bench.clock.moveTo(T0)
  await bench.start()
  const sink = new Sink()
  for (const object of ['open/1', 'open/2', 'held/1', 'held/2']) await bench.pipe(sink.changed(object, 'down', T0))
  for (let i = 0; i < 10; i++) await bench.advance(1)
  const found = new Map<string, Buffer>()
  for (const task of bench.tasks())
    for (const { name } of tables)
      for (const { key, value } of task.table(name).range())
        if (!found.has(changelogKey(name, key))) found.set(changelogKey(name, key), value)
  return found
}

function check(of: ReadonlyMap<string, Buffer>): string[] {
  const store = sqliteStores.open({ file: ':memory:', tables, schemaVersion: 1, topicId: 't' })
  store.load(
    [...of].map(([key, value]) => ({ key, value })),
    1,
  )
  const found = inconsistencies((name) => store.committed(name))
  store.close()
  return [
    ...new Set(found.map(({ table, what }) => `${table}: ${what.replace(/(msg|dec)_\S+|\d{13}\S*/g, '…')}`)),
  ].sort()
}

describe('the checker of a task', () => {
  it('finds rows that are gone, each by what depends on it', async () => {
    const all = await rows()
    expect(check(all)).toEqual([])
    const without = (table: string) => new Map([...all].filter(([key]) => !key.startsWith(`${table}/`)))
    expect(check(without('outbox'))).toEqual(['history: … is pending, but not to be made'])
    expect(check(without('withheld'))).toEqual(['withheld: it is missing'])
    expect(check(without('history'))).toEqual([
      'objects: its decision … is missing',
      'outbox: its decision … is missing',
    ])
    expect(check(without('objects'))).toEqual([
      'history: … is held, but by no object',
      'withheld: no object is held back by it',
    ])
  })
})
