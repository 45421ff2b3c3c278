import { withoutIds } from './endpoint-ids'
import { ConfigError } from '@quorate/config'
import { LIMITS, secondsOf, topicRules } from '@quorate/contracts'
import { silentLogger } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { RecordingChannel } from '../../testing/recording-channel'
import type { Routing } from '../pipeline'
import { AT_ONCE, directionsOf } from '../pipeline'
import { inhibitionCircles } from './inhibition-circles'
import {
  checkDocument,
  Configuration,
  ConfigurationFault,
  declaration,
  NotifySettings,
  SecretReader,
  SecretScope,
  type Entry,
  type SettingsTable,
} from '.'

const channel = new RecordingChannel()
const channels = new Map([['recording', channel]])
const base: Routing = {
  receivers: [{ name: 'console', endpoints: [{ name: 'console', channel: 'recording', settings: undefined }] }],
  root: { ...AT_ONCE, receiver: 'console' },
}
const secrets = new SecretReader({ scope: new SecretScope('/run/secrets', []) })
const endpoint = (more = {}) => ({ channel: 'recording', settings: { endpoint: 'x' }, ...more })
const silence = (more = {}) => ({
  match: { object: 'a/**' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2027-01-01T00:00:00Z', author: 'me', comment: 'x', ...more,
}) // prettier-ignore
const receiver = (more = {}) => ({ endpoints: [endpoint()], ...more })
const faults = (document: object) =>
  (checkDocument(document, { channels, builtIn: new Set(['console']) }).faults ?? []).map(
    ({ pointer, detail }) => `${pointer}: ${detail}`,
  )

describe('a configuration, checked as a whole', () => {
  it('passes as it is written', () => {
    expect(
      faults({
        receivers: { ops: receiver({ fallback: 'console' }), net: { endpoints: [endpoint(), endpoint({ name: 'b' })] } },
        routes: {
          receiver: 'ops', groupBy: ['policy'], groupWait: '30s', repeatInterval: '4h', unknownAfter: 60, maxAge: 'off',
          routes: [{ name: 'net', match: { object: 'net/**', state: ['down'], from: [null, 'up'] }, receiver: 'net', continue: true }],
        },
        silences: { s1: { match: { object: ['**', String.raw`\***`, String.raw`a**\*`] }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-02T00:00:00Z', author: 'me', comment: 'move' } },
        inhibitions: { rack: { parent: 'rack/1', dependants: ['rack/1/**'] } },
      }), // prettier-ignore
    ).toEqual([])
  })

  it.each<[object, string]>([
    [{ receiver: {} }, '/receiver: unknown field'],
    [{ receivers: [] }, '/receivers: must be a mapping by name'],
    [{ receivers: { 'a/b': receiver() } }, '/receivers/a~1b: a name must be'],
    [{ receivers: { a: { endpoints: [] } } }, '/receivers/a/endpoints: must be a list of 1–32 endpoints'],
    [{ receivers: { a: receiver({ falback: 'b' }) } }, '/receivers/a/falback: unknown field'],
    [{ receivers: { a: receiver({ fallback: 'b' }) } }, '/receivers/a/fallback: there is no receiver b'],
    [{ receivers: { a: receiver({ fallback: 'b' }), b: receiver({ fallback: 'a' }) } }, '/receivers/a/fallback: leads back'],
    [{ receivers: { a: { endpoints: [{ channel: 'fax' }] } } }, '/receivers/a/endpoints/0/channel: there is no channel fax; there are recording'],
    [{ receivers: { a: { endpoints: [endpoint({ name: 'x' }), endpoint({ name: 'x' })] } } }, '/receivers/a/endpoints/1/name: x is there twice'],
    [{ routes: {} }, '/routes/receiver: missing: the root needs a receiver'],
    [{ routes: { receiver: 'ops' } }, '/routes/receiver: there is no receiver ops'],
    [{ routes: { receiver: 'console', groupWait: '10 minutes' } }, '/routes/groupWait: must be a duration such as 10s'],
    [{ routes: { receiver: 'console', routes: [{ match: { object: '' } }] } }, '/routes/routes/0/match/object: must be a glob'],
    [{ routes: { receiver: 'console', routes: [{ match: { object: 'a***b' } }] } }, '/routes/routes/0/match/object: must be a glob'],
    [{ routes: { receiver: 'console', routes: [{ receiver: 'no' }, { routes: [{ receiver: 'nobody' }] }] } }, '/routes/routes/1/routes/0/receiver: there is no receiver nobody'],
    [{ routes: { receiver: 'console', routes: [{ name: 'x' }, { name: 'x' }] } }, '/routes/routes/1/name: another route is named x'],
    [{ routes: { receiver: 'console', routes: [{ name: '0.1' }] } }, '/routes/routes/0/name: is how routes without a name are called'],
    [{ routes: { receiver: 'console', match: { cause: 'magic' } } }, '/routes/match/cause: must be one of override'],
    [{ silences: { s: { match: { state: 'down' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-02T00:00:00Z', author: 'me' } } }, '/silences/s/comment: missing'],
    [{ silences: { s: { match: {}, startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-02T00:00:00Z', author: 'me', comment: 'x' } } }, '/silences/s/match: must have a matcher'],
    [{ silences: { s: { match: { state: 'down' }, startsAt: '2026-01-03T00:00:00Z', endsAt: '2026-01-02T00:00:00Z', author: 'me', comment: 'x' } } }, '/silences/s/endsAt: must be after startsAt'],
    [{ silences: { s: { match: { state: 'down' }, startsAt: '2026-11-30T22:00:00', endsAt: '2026-12-02T00:00:00Z', author: 'me', comment: 'x' } } }, '/silences/s/startsAt: must be a time with its offset'],
    [{ inhibitions: { i: { parent: 'x', dependants: 'x' } } }, '/inhibitions/i/dependants: is the parent itself'],
  ])('%j is refused with its place', (document, said) => expect(faults(document)).toContainEqual(expect.stringContaining(said))) // prettier-ignore

  it('N43: names everything in one pass', () => {
    const said = faults({
      inhibitions: { i: {}, constructor: { parent: 'x', dependants: 'y' } },
      silences: { s: { match: {}, startsAt: 'soon' } },
      receivers: { a: { endpoints: [{ channel: 'fax', more: 1 }, 7], fallback: 'b' }, 'x y': receiver() },
      routes: { name: 'constructor', groupWait: 'soon', receiver: 'c', routes: [{ receiver: 'd', quiet: 'up' }, { routes: [{ receiver: 'e' }] }] },
    }) // prettier-ignore
    for (const place of [
      '/inhibitions/i/parent', '/inhibitions/constructor', '/silences/s/startsAt', '/silences/s/comment', '/receivers/a/endpoints/0/channel',
      '/receivers/a/endpoints/0/more', '/receivers/a/endpoints/1', '/receivers/a/fallback', '/receivers/x y', '/routes/name', '/routes/groupWait',
      '/routes/receiver', '/routes/routes/0/receiver', '/routes/routes/0/quiet', '/routes/routes/1/routes/0/receiver',
    ]) expect(said).toContainEqual(expect.stringContaining(`${place}: `)) // prettier-ignore
  })

  const inhibition = (parent: string, ...dependants: string[]) => ({ parent, dependants })
  it.each<[string, object, string[]]>([
    ['two', { one: inhibition('mut/1', 'mut/2'), two: inhibition('mut/2', 'mut/1') }, ['/inhibitions/two/dependants: closes a circle in which nobody would be told: mut/1 > mut/2 > mut/1']],
    ['three by globs', { a: inhibition('x/1', 'y/*'), b: inhibition('y/1', 'z/**'), c: inhibition('z/1', 'q', '**/1') }, [
      '/inhibitions/b/dependants: closes a circle in which nobody would be told: y/1 > z/1 > y/1', '/inhibitions/c/dependants: closes a circle in which nobody would be told: x/1 > y/1 > z/1 > x/1']],
    ['none: a chain', { a: inhibition('x/1', 'y/*'), b: inhibition('y/1', 'z/**'), c: inhibition('x/1', 'z/**') }, []],
    ['none: its own glob', { a: inhibition('x/1', 'x/*'), b: inhibition('x/1', '**') }, []],
    ['an escaped asterisk', { a: inhibition('a*', 'b'), b: inhibition('b', 'a\\*') }, ['/inhibitions/b/dependants: closes a circle in which nobody would be told: a* > b > a*']],
  ])('N41: inhibitions whose parents hold each other back are refused, with the circle: %s', (_, inhibitions, said) => {
    if (said.length < 2) expect(faults({ inhibitions })).toEqual(said)
    else expect(faults({ inhibitions }).length).toBeGreaterThan(0)
    const circular = new Map(Object.entries(inhibitions)) as never
    for (const { name } of inhibitionCircles(circular)) (circular as Map<string, unknown>).delete(name)
    expect(inhibitionCircles(circular)).toEqual([])
  }) // prettier-ignore

  it("asks each channel about its endpoint's settings, and says where they are", () => {
    const picky = Object.assign(new RecordingChannel(), {
      check: () => [{ pointer: '/url', detail: 'must be a URL' }],
    })
    const surroundings = { channels: new Map([['recording', picky]]), builtIn: new Set<string>() }
    expect(checkDocument({ receivers: { a: { endpoints: [endpoint(), endpoint()] } } }, surroundings).faults).toEqual([
      { pointer: '/receivers/a/endpoints/0/settings/url', detail: 'must be a URL' },
      { pointer: '/receivers/a/endpoints/1/settings/url', detail: 'must be a URL' },
    ])
  })

  it.each([['10s', 10], ['5m', 300], ['1.5h', 5400], ['2d', 172_800], ['500ms', 0.5], ['off', 0], [7, 7], ['7', 7], ['-1s', undefined], ['1w', undefined], ['', undefined], [1e9, undefined]])(
    'the duration %s is %s s', (text, seconds) => expect(secondsOf(text)).toBe(seconds)) // prettier-ignore
})

const declare = async (...given: Parameters<typeof declaration>) => (await declaration(...given))?.()

describe('the configuration in the settings', () => {
  let log: EmbeddedLog
  const opened: NotifySettings[] = []
  const open = async (now: () => number = Date.now) => {
    const settings = await NotifySettings.open({ log, topic: 'q.settings', logger: silentLogger })
    opened.push(settings)
    return {
      settings,
      configuration: new Configuration({ settings, channels, base, secrets, logger: silentLogger, now }),
    }
  }
  const file = (notify?: unknown) => ({ file: 'quorate.yaml', ...(notify === undefined ? {} : { notify }) })
  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([topicRules.settings('q.settings')])
  })
  afterEach(async () => {
    for (const settings of opened.splice(0)) await settings.close()
    await log.close()
  })

  it('is what the process has by itself where nothing is configured', async () => {
    const { configuration } = await open()
    expect(configuration.routing()).toMatchObject({ ...base, silences: [], inhibitions: [] })
  })

  it('comes into force everywhere once it is written, and is refused as a whole', async () => {
    const [one, two] = [await open(), await open()]
    const seen: string[][] = []
    two.configuration.follow(({ receivers }) => void seen.push(receivers.map(({ name }) => name)))
    await one.configuration.write([{ table: 'receivers', name: 'ops', value: receiver() }])
    await one.configuration.write([{ table: 'routes', name: 'root', value: { receiver: 'ops', groupWait: '5s' } }])
    while (seen.at(-1)?.[0] !== 'ops' || two.configuration.routing().root.receiver !== 'ops')
      await new Promise(setImmediate)
    expect(two.configuration.routing().root).toMatchObject({ receiver: 'ops', groupWait: 5 })
    const removed = one.configuration.write([{ table: 'receivers', name: 'ops', value: undefined }])
    await expect(removed).rejects.toMatchObject({
      name: ConfigurationFault.name,
      faults: [{ pointer: '/routes/receiver', detail: 'there is no receiver ops' }],
    })
    expect(withoutIds(one.settings.get('receivers', 'ops'))).toEqual(receiver())
  })

  it('N70: gives endpoints numbers that they keep, and keeps those that are taken away for an hour', async () => {
    let now = 1_000
    const { settings, configuration } = await open(() => now)
    const endpoint = (address: string) => ({ channel: 'recording', settings: { endpoint: address } })
    const put = (...addresses: string[]) =>
      configuration.write([{ table: 'receivers', name: 'ops', value: { endpoints: addresses.map(endpoint) } }])
    const named = () =>
      configuration.routing().receivers.find(({ name }) => name === 'ops')?.endpoints.map(({ name, settings: it }) => `${name}=${(it as { endpoint: string }).endpoint}`) // prettier-ignore
    const retired = () => configuration.routing().retired!.map(({ name }) => name)
    await put('c1', 'c2')
    await put('c1', 'c9', 'c2')
    expect(named()).toEqual(['ops=c1', 'ops/3=c9', 'ops/2=c2'])
    await put('c1', 'c2')
    expect(retired()).toEqual(['ops/3'])
    await put('c1', 'c4', 'c2')
    expect(named()).toEqual(['ops=c1', 'ops/4=c4', 'ops/2=c2'])
    await put('c1', 'c9', 'c5', 'c2')
    expect(named()).toEqual(['ops=c1', 'ops/3=c9', 'ops/5=c5', 'ops/2=c2'])
    expect(retired()).toEqual(['ops/4'])
    now += 3_600_001
    expect(retired()).toEqual([])
    await put('c1')
    expect([...settings.retired().keys()].sort()).toEqual(['ops/2', 'ops/3', 'ops/5'])
    await configuration.write([{ table: 'receivers', name: 'ops', value: undefined }])
    expect(retired().sort()).toEqual(['ops', 'ops/2', 'ops/3', 'ops/5'])
  })

  it.each(['receivers', 'silences', 'inhibitions', 'routes'] as const)(
    'takes as many %s as there may be, and no more',
    async (part) => {
      const { configuration } = await open()
      const most = LIMITS[part]
      const values = { receivers: receiver(), silences: silence(), inhibitions: { parent: 'p', dependants: 'd/**' } }
      const entries = (count: number): Entry[] =>
      part === 'routes'
        ? [{ table: 'routes', name: 'root', value: { receiver: 'console', routes: Array.from({ length: count - 1 }, (_, i) => ({ match: { object: `${i}` } })) } }]
        : Array.from({ length: count }, (_, i) => ({ table: part, name: `n${i}`, value: values[part] })) // prettier-ignore
      expect(configuration.judge(entries(most))).toEqual([])
      expect(configuration.judge(entries(most + 1))).toEqual([
        { pointer: `/${part}`, detail: `there may be ${most} ${part} at most; this makes ${most + 1}` },
      ])
    },
  )

  it('N71: an endpoint that is changed in its place stays the same one', async () => {
    const { configuration } = await open()
    const put = (address: string, channel = 'recording') =>
      configuration.write([{ table: 'receivers', name: 'ops', value: { endpoints: [{ channel, settings: { endpoint: address } }] } }]) // prettier-ignore
    await put('c1')
    await put('c2')
    expect(configuration.routing()).toMatchObject({ receivers: [{ endpoints: [{ name: 'ops' }] }, {}], retired: [] })
  })

  it('leaves the stored receiver alone where a file that declared it names it no more, but for its numbers', async () => {
    const { settings, configuration } = await open()
    await declare(configuration, settings, file({ receivers: { ops: receiver() } }), silentLogger)
    await declare(configuration, settings, file({ receivers: {} }), silentLogger)
    expect(settings.get('receivers', 'ops')).toBeUndefined()
    expect([...settings.retired().keys()]).toEqual(['ops'])
  })

  const stored: [what: string, table: SettingsTable, name: string, value: unknown, said: string][] = [
    ['a name that JavaScript reserves', 'receivers', '__proto__', receiver(), '__proto__ is reserved'],
    ['another one', 'silences', 'constructor', silence(), 'constructor is reserved'],
    ['a name that is none', 'receivers', 'a/b', receiver(), 'a name must be'],
    ['a text', 'receivers', 'ops', 'ops', 'must be a receiver'],
    ['null', 'inhibitions', 'i', null, 'must be an inhibition'],
    ['a channel that is not there', 'receivers', 'ops', { endpoints: [{ channel: 'fax' }] }, 'there is no channel fax'],
    ['a silence of another release', 'silences', 's', silence({ startsAt: '2026-01-01T00:00:00' }), 'must be a time'],
    ['a tree without a root', 'routes', 'root', { receiver: 'nobody' }, 'there is no receiver nobody'],
    ['a route to nowhere', 'routes', 'root', { receiver: 'console', routes: [{ receiver: 'nobody' }] }, 'there is no receiver nobody'],
    ['a fallback to nowhere', 'receivers', 'ops', receiver({ fallback: 'nobody' }), 'there is no receiver nobody'],
  ] // prettier-ignore

  it.each(stored)('N40: %s in the settings is left out by name; all else is in force, can be written, and it can be deleted', async (_, table, name, value, said) => {
    const { settings } = await open()
    await settings.put('receivers', 'good', receiver())
    await settings.put(table, name, value)
    const { configuration } = await open()
    expect(configuration.leftOut).toEqual([expect.objectContaining({ part: table, name })])
    expect(JSON.stringify(configuration.leftOut)).toContain(said)
    expect(configuration.routing().receivers.map((one) => one.name)).toContain('good')
    directionsOf(configuration.routing())
    await configuration.write([{ table: 'silences', name: 'more', value: silence() }])
    expect(configuration.document.silences.has('more')).toBe(true)
    // Written anew it is refused, however it was before.
    await expect(configuration.write([{ table: table as 'routes', name, value }])).rejects.toThrow(said)
    await configuration.write([{ table: table as 'routes', name, value: undefined }])
    expect(configuration.leftOut).toEqual([])
  }) // prettier-ignore

  it.each([
    ['no JSON', Buffer.from('{"endpoints"'), 'is not JSON'],
    ['deep', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), 'is nested more than 64 levels deep'],
    ['of bytes', Buffer.from([0xff, 0xfe, 0]), 'is not JSON'],
  ])('a row that is %s is left out by name as well', async (_, value, said) => {
    await log.append([{ topic: 'q.settings', partition: 0, key: 'notify-receivers/ops', value }])
    const { configuration } = await open()
    expect(configuration.leftOut).toMatchObject([{ part: 'receivers', name: 'ops', faults: [{ pointer: '', detail: said }] }]) // prettier-ignore
    await configuration.write([{ table: 'receivers', name: 'ops', value: receiver() }])
    expect(configuration.leftOut).toEqual([])
  })

  it('what is left out loses nothing: a receiver waits, a route leaves its changes to the one above', async () => {
    const { settings } = await open()
    await settings.put('receivers', 'ops', { endpoints: [endpoint(), { channel: 'fax' }] })
    await settings.put('receivers', 'shapeless', 7)
    await settings.put('routes', 'root', {
      receiver: 'ops',
      routes: [
        { match: { object: 'a/**' }, receiver: 'nobody' },
        { match: { object: 'b/**' }, receiver: 'shapeless' },
      ],
    })
    const { configuration } = await open()
    const { router, receivers } = directionsOf(configuration.routing())
    const told = (object: string) =>
      router.matchSubject({ object, state: 'down', from: 'up', cause: 'vote', policy: 'p' }).map(({ path, receiver }) => [path, receiver]) // prettier-ignore
    expect([told('a/1'), told('b/1')]).toEqual([[['root', 'ops']], [['1', 'shapeless']]])
    expect(receivers.get('ops')!.endpoints.map(({ fault }) => fault)).toEqual([
      undefined,
      '/endpoints/1/channel: there is no channel fax; there are recording',
    ])
    expect(receivers.get('shapeless')!.endpoints).toMatchObject([
      { fault: expect.stringContaining('must be') as string },
    ])
  })

  it('that is in force can be put right by quorate.yaml', async () => {
    const { settings, configuration } = await open()
    await configuration.write([{ table: 'receivers', name: 'ops', value: receiver() }])
    await settings.put('routes', 'root', { receiver: 'nobody' })
    const later = await open()
    expect(later.configuration.routing().root).toBe(base.root)
    await declare(later.configuration, later.settings, file({ routes: { receiver: 'ops' } }), silentLogger)
    expect(later.configuration.routing().root.receiver).toBe('ops')
  })

  it('N42: takes 5,000 silences and 200 receivers at once, and puts them in force once', async () => {
    const { settings, configuration } = await open()
    const watching = await open()
    const seen: number[] = []
    configuration.follow(({ silences = [] }) => void seen.push(silences.length))
    const many = <T>(count: number, one: T) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, one]))
    const notify = { receivers: many(200, receiver()), silences: many(5_000, silence()), routes: { receiver: 'n7' } }
    await declare(configuration, settings, file(notify), silentLogger)
    expect([...new Set(seen)]).toEqual([0, 5_000])
    expect(seen.length).toBeLessThan(5)
    while (watching.configuration.document.silences.size < 5_000) await new Promise(setImmediate)
    expect(watching.configuration.routing().receivers).toHaveLength(201)
  })

  it('takes from quorate.yaml what has changed in the file, and nothing of an unchanged file', async () => {
    const notify = {
      receivers: { ops: receiver(), net: receiver() },
      routes: { receiver: 'ops', routes: [{ match: { object: 'net/**' }, receiver: 'net' }] },
      inhibitions: [{ name: 'rack', parent: 'rack/1', dependants: 'rack/1/**' }],
    }
    const { settings, configuration } = await open()
    await declare(configuration, settings, file(notify), silentLogger)
    const writes = async () => (await log.offsets('q.settings'))[0]!.end
    const before = await writes()
    await declare(configuration, settings, file(notify), silentLogger)
    expect(await writes()).toBe(before)
    // REST changed one meanwhile: the unchanged file leaves it alone.
    await configuration.write([{ table: 'receivers', name: 'net', value: receiver({ fallback: 'ops' }) }])
    await declare(configuration, settings, file(notify), silentLogger)
    expect(configuration.document.receivers.get('net')).toMatchObject({ fallback: 'ops' })
    await declare(
      configuration, settings, file({ ...notify, routes: { receiver: 'ops' }, inhibitions: [] }), silentLogger,
    ) // prettier-ignore
    expect(configuration.document).toMatchObject({ routes: { receiver: 'ops' }, inhibitions: new Map() })
    expect(configuration.routing().inhibitions).toEqual([])
  })

  it.each<[unknown, string]>([
    [{ routes: { receiver: 'nobody' } }, '/notify/routes/receiver in quorate.yaml is refused: there is no receiver nobody.'],
    [{ route: {} }, '/notify/route in quorate.yaml is unknown; there are receivers, silences, inhibitions, routes.'],
    [{ receivers: [{ endpoints: [] }] }, '/notify/receivers/0 in quorate.yaml needs a name.'],
    [[], '/notify in quorate.yaml must hold'],
  ])('%j in the file stops the start with a pointer, and nothing is written', async (notify, said) => {
    const { settings, configuration } = await open()
    const declared = declare(configuration, settings, file(notify), silentLogger)
    await expect(declared).rejects.toThrow(said)
    await expect(declared).rejects.toMatchObject({ name: ConfigError.name })
    expect((await log.offsets('q.settings'))[0]!.end).toBe(0)
  }) // prettier-ignore
})
