import { ConfigError } from '@quorate/config'
import { silentLogger } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { RecordingChannel } from '../../testing/recording-channel'
import type { Routing } from '../pipeline'
import { AT_ONCE } from '../pipeline'
import { settingsTopic } from '../topology'
import {
  checkDocument,
  Configuration,
  ConfigurationFault,
  declare,
  NotifySettings,
  secondsOf,
  SecretReader,
  SecretScope,
} from '.'

const channel = new RecordingChannel()
const channels = new Map([['recording', channel]])
const base: Routing = {
  receivers: [{ name: 'console', endpoints: [{ name: 'console', channel: 'recording', settings: undefined }] }],
  root: { ...AT_ONCE, receiver: 'console' },
}
const secrets = new SecretReader({ scope: new SecretScope('/run/secrets', []) })
const endpoint = (more = {}) => ({ channel: 'recording', settings: { endpoint: 'x' }, ...more })
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
    [{ inhibitions: { i: { parent: 'x', dependants: 'x' } } }, '/inhibitions/i/dependants: is the parent itself'],
  ])('%j is refused with its place', (document, said) => expect(faults(document)).toContainEqual(expect.stringContaining(said))) // prettier-ignore

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

describe('the configuration in the settings', () => {
  let log: EmbeddedLog
  const opened: NotifySettings[] = []
  const open = async () => {
    const settings = await NotifySettings.open({ log, topic: 'q.settings', logger: silentLogger })
    opened.push(settings)
    return { settings, configuration: new Configuration({ settings, channels, base, secrets, logger: silentLogger }) }
  }
  const file = (notify?: unknown) => ({ file: 'quorate.yaml', ...(notify === undefined ? {} : { notify }) })
  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([settingsTopic('q.settings')])
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
    expect(one.settings.get('receivers', 'ops')).toEqual(receiver())
  })

  it('stays as it was where the log holds what does not fit together, and does not start with it', async () => {
    const { settings, configuration } = await open()
    await configuration.write([{ table: 'receivers', name: 'ops', value: receiver() }])
    await settings.put('routes', 'root', { receiver: 'nobody' })
    await new Promise(setImmediate)
    expect(configuration.routing().root).toBe(base.root)
    const later = await open()
    expect(() => later.configuration.insist('q.settings')).toThrow(ConfigError)
    expect(() => later.configuration.insist('q.settings')).toThrow(
      "/routes/receiver of the notifier's settings (q.settings) is refused: there is no receiver nobody. A section notify: in quorate.yaml can put it right.",
    )
    await declare(later.configuration, later.settings, file({ routes: { receiver: 'ops' } }), silentLogger)
    later.configuration.insist('q.settings')
    expect(later.configuration.routing().root.receiver).toBe('ops')
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
    expect(configuration.document.receivers.net).toMatchObject({ fallback: 'ops' })
    await declare(
      configuration, settings, file({ ...notify, routes: { receiver: 'ops' }, inhibitions: [] }), silentLogger,
    ) // prettier-ignore
    expect(configuration.document).toMatchObject({ routes: { receiver: 'ops' }, inhibitions: {} })
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
