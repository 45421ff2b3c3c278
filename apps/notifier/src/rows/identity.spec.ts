import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel } from '../../testing/recording-channel'
import { dedupKey } from '../channels/pagerduty/event'
import { deliveryId } from '../outbox/delivery-keys'
import { versionOf } from '../pipeline/cause'
import { clockTime, dateTime } from '../templates/clock'

const ALIKE = ['x', 'X', 'é', 'e\u0301', '\ufb01', 'fi', 'a\u200b', 'a', 'а', '¹ѡ', 'Â¹Ñ¡', '😀', '😀\ufe0f']

/** FNV-1a, the 32 bits that told a silence's contents apart before. */
function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

describe('alerts of PagerDuty', () => {
  it('are one for each object, of whatever length, and also where a name looks like the key of another', () => {
    const long = ALIKE.map((name) => `${'0123456789'.repeat(24)}${name}${'y'.repeat(40)}`)
    const crafted = long.map((name) => dedupKey(name).slice('quorate/'.length))
    const all = [...ALIKE, ...long, ...crafted, ...crafted.map((name) => dedupKey(name).slice('quorate/'.length))]
    expect(new Set(all.map(dedupKey)).size).toBe(new Set(all).size)
    for (const name of all) expect(Buffer.byteLength(dedupKey(name))).toBeLessThanOrEqual(255)
  })
})

describe('the version of a silence', () => {
  it('differs where 32 bits of a hash do not', () => {
    const [one, other] = [['site/1vu98wf'], ['site/1avt43g']]
    expect(fnv(JSON.stringify(one))).toBe(fnv(JSON.stringify(other)))
    expect(versionOf(one)).not.toBe(versionOf(other))
  })
})

it('times are written in their own style and zone, whichever was asked for first', () => {
  for (const zone of ['UTC', 'Asia/Tokyo', 'UTC']) {
    expect(clockTime(T0, zone)).toBe(zone === 'UTC' ? '22:13:20' : '07:13:20')
    expect(dateTime(T0, zone)).toMatch(zone === 'UTC' ? /22:13:20 UTC$/ : /07:13:20 GMT\+9$/)
  }
})

describe('objects whose names look alike', () => {
  it('are told of one by one, also to a receiver whose name every JavaScript object has', async () => {
    const channel = new RecordingChannel()
    const endpoint = { name: 'constructor', channel: 'recording', settings: { endpoint: 'constructor' } }
    const bench = await Bench.open(
      {
        receivers: [{ name: 'constructor', endpoints: [endpoint] }],
        root: { receiver: 'constructor', name: 'toString', groupWait: 5, groupBy: ['object'] },
      },
      channel,
    )
    await using _ = bench
    bench.clock.moveTo(T0)
    await bench.start()
    const sink = new Sink()
    for (const object of ALIKE) await bench.pipe(sink.changed(object, 'down', T0))
    await bench.advance(10)
    for (const object of ALIKE) await bench.pipe(sink.changed(object, 'up', T0 + 10_000))
    for (let i = 0; i < 10; i++) await bench.advance(60)
    expect(channel.told().sort()).toEqual(ALIKE.flatMap((object) => [`${object} ->down`, `${object} down>up`]).sort())
    expect(new Set(channel.received.map(({ id }) => id)).size).toBe(2 * ALIKE.length)
  })

  it('have no delivery in common with a group, whatever an object is called', async () => {
    const mail = new RecordingChannel('mail', true)
    const endpoint = { name: 'mail', channel: 'mail', settings: { endpoint: 'mail' } }
    const root = { receiver: 'ops', name: 'root', groupBy: ['policy' as const], groupWait: 1 }
    const bench = await Bench.open({ receivers: [{ name: 'ops', endpoints: [endpoint] }], root }, mail)
    await using _ = bench
    bench.clock.moveTo(T0)
    await bench.start()
    const sink = new Sink()
    await bench.pipe(sink.changed('x', 'down', T0), sink.changed('group:root:x', 'down', T0))
    for (let i = 0; i < 10; i++) await bench.advance(1)
    const ids = bench.decisions().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(mail.received.map(({ id }) => id)).not.toContain(deliveryId('group:root:x@0.1', 'mail'))
  })
})
