import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import type { ChangeMessage } from '../outbox/message'
import type { ActiveAlerts, Channel, Outcome, Sender } from '../channels'
import { AT_ONCE, type Routing } from '../pipeline'

/** Keeps what stands as an Alertmanager's sender does, and lets a test look. */
class StandingChannel implements Channel {
  readonly name = 'standing'
  readonly concurrency = 4
  readonly stands = new Map<string, string>()
  answer: (message: ChangeMessage) => Outcome = ({ state, object }) =>
    state === 'up' ? { kind: 'delivered' } : { kind: 'delivered', activeAlert: `${object} ${state}` }

  open(): Sender {
    const { stands } = this
    const activeAlerts: ActiveAlerts = {
      put: (partition, object, text) => {
        if (text === undefined) stands.delete(`${partition} ${object}`)
        else stands.set(`${partition} ${object}`, text)
      },
      drop: (partition) => {
        for (const key of stands.keys()) if (key.startsWith(`${partition} `)) stands.delete(key)
      },
    }
    return {
      description: {},
      fingerprint: 'standing',
      activeAlerts,
      send: async ({ message }: { message: unknown }) => this.answer(message as ChangeMessage),
      close: async () => undefined,
    }
  }
  get told(): string[] {
    return [...this.stands.values()].sort()
  }
}

const endpoint = (settings: object = {}) => ({ name: 'am', channel: 'standing', settings })
const routing = (settings?: object): Routing => ({
  receivers: [{ name: 'am', endpoints: [endpoint(settings)] }],
  root: { ...AT_ONCE, receiver: 'am' },
})

describe('what stands', () => {
  const s = (seconds: number) => T0 + seconds * 1000
  const sink = new Sink()
  let channel: StandingChannel
  let bench: Bench

  beforeEach(async () => {
    channel = new StandingChannel()
    bench = await Bench.open(routing(), channel)
    bench.clock.moveTo(T0)
    await bench.start()
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  it('is kept with the outcome, and ends with the next one about the object', async () => {
    await bench.pipe(sink.changed('a', 'down', s(0)), sink.changed('b', 'down', s(0)))
    expect(channel.told).toEqual(['a down', 'b down'])
    expect(bench.rows('standing')).toHaveLength(2)
    await bench.pipe(sink.changed('a', 'up', s(1)))
    expect([channel.told, bench.rows('standing').length]).toEqual([['b down'], 1])
  })

  it('ends with a delivery that dies: the last word is not known there', async () => {
    await bench.pipe(sink.changed('c', 'down', s(0)))
    channel.answer = () => ({ kind: 'dead', reason: 'http-400' })
    await bench.pipe(sink.changed('c', 'up', s(1)))
    expect([channel.told, bench.rows('standing')]).toEqual([[], []])
  })

  it('stays while the next word is tried again', async () => {
    await bench.pipe(sink.changed('d', 'down', s(0)))
    channel.answer = () => ({ kind: 'retry', reason: 'http-500' })
    await bench.pipe(sink.changed('d', 'up', s(1)))
    expect([channel.told, bench.rows('standing').length]).toEqual([['d down'], 1])
  })

  it('is handed to an endpoint that is opened anew, and to whoever runs the tasks next', async () => {
    await bench.pipe(sink.changed('e', 'down', s(0)))
    channel.stands.clear()
    bench.notifier().configure(routing({ changed: true }))
    expect(channel.told).toEqual(['e down'])
    channel.stands.clear()
    await bench.driver.stop('a')
    await bench.start('b')
    await bench.quiet()
    expect(channel.told).toEqual(['e down'])
  })
})
