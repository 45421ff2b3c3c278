import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { encodeVector } from '../../aggregator/src/http/stream/vector'
import { type Standalone, startStandalone } from './bootstrap'

interface Event {
  readonly name: string
  readonly id: string | undefined
  readonly data: {
    object: string
    incarnation: number
    revision: number
    state?: string
    version?: number
    cause?: string
  }
}

let running: Standalone
const HOUR = 3_600_000

/** Reads a stream until `enough`. */
async function events(
  query: string,
  enough: (seen: readonly Event[]) => boolean,
  headers: Record<string, string> = {},
): Promise<Event[]> {
  const controller = new AbortController()
  const response = await fetch(`${running.url}/v1/states/stream${query}`, { headers, signal: controller.signal })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  const seen: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const messages = text.split('\n\n')
    text = messages.pop()!
    for (const message of messages) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
      if (field('event') === undefined) continue
      seen.push({ name: field('event')!, id: field('id'), data: JSON.parse(field('data')!) })
      if (enough(seen)) {
        controller.abort()
        return seen
      }
    }
  }
  return seen
}
const put = async (object: string, agent: string, state: string) => {
  const body = JSON.stringify({ state })
  const response = await fetch(`${running.url}/v1/objects/${encodeURIComponent(object)}/reports/${agent}?wait=5s`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(response.status).toBe(200)
}
const remove = async (object: string) => {
  const response = await fetch(`${running.url}/v1/objects/${encodeURIComponent(object)}`, {
    method: 'DELETE',
    headers: { 'if-match': '*' },
  })
  expect(response.status).toBe(204)
}
const synced = (seen: readonly Event[]) => seen.at(-1)!.name === 'sync'
const names = (seen: readonly Event[]) =>
  seen.map(({ name, data }) => `${name} ${data.object ?? ''} ${data.state ?? ''}`.trim())

beforeAll(async () => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent']
  // A webhook that nobody answers: Jest's stdout calls no one back, so the console would hold the shutdown up.
  const env = { QUORATE_WEBHOOK_URL: 'http://127.0.0.1:9/' }
  running = await startStandalone(loadConfig('standalone', { argv, env, readFile: () => '' }), {
    log: await openEmbeddedLog({ memory: true }),
  })
  while ((await fetch(`${running.url}/readyz`)).status !== 200) await new Promise(setImmediate)
})
afterAll(() => running.close(), 15_000)

describe('the stream of states', () => {
  it('gives the snapshot, then sync, then each change', async () => {
    await put('a/1', 'x', 'up')
    await put('a/2', 'x', 'down')
    let told = false
    const seen = await events('?prefix=a/', (all) => {
      if (synced(all) && !told) {
        told = true
        void put('a/1', 'x', 'down').then(() => remove('a/2'))
      }
      return all.at(-1)!.name === 'object.deleted'
    })
    expect(names(seen)).toEqual([
      'snapshot a/1 up',
      'snapshot a/2 down',
      'sync',
      'object.changed a/1 down',
      'object.deleted a/2',
    ])
    expect(seen[4]!.data).toMatchObject({ object: 'a/2', cause: 'deleted' })
    expect(seen.map(({ id }) => id !== undefined)).toEqual([false, false, true, true, true])
  })

  it('goes on behind the last event, without gap, repeat or snapshot', async () => {
    await put('b/1', 'x', 'up')
    const [sync] = (await events('?prefix=b/', synced)).slice(-1)
    for (const state of ['down', 'up', 'worse']) await put('b/1', 'x', state)
    const first = await events('?prefix=b/', (all) => all.length === 1, { 'last-event-id': sync!.id! })
    const rest = await events('?prefix=b/', (all) => all.length === 2, { 'last-event-id': first[0]!.id! })
    expect(names([...first, ...rest])).toEqual([
      'object.changed b/1 down',
      'object.changed b/1 up',
      'object.changed b/1 worse',
    ])
  })

  it('tells with ?state also what leaves that state', async () => {
    await put('c/1', 'x', 'down')
    await put('c/2', 'x', 'up')
    let told = false
    const seen = await events('?prefix=c/&state=down', (all) => {
      if (synced(all) && !told) {
        told = true
        void put('c/2', 'x', 'other')
          .then(() => put('c/1', 'x', 'up'))
          .then(() => put('c/2', 'x', 'down'))
      }
      return all.length === 4
    })
    expect(names(seen)).toEqual(['snapshot c/1 down', 'sync', 'object.changed c/1 up', 'object.changed c/2 down'])
  })

  it('is the truth, however it is begun and broken off while states change', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `load/${i}`)
    const writer = (async () => {
      for (let i = 0; i < 300; i++) {
        const id = ids[(i * 7) % ids.length]!
        if (i % 41 === 40) await remove(id)
        else await put(id, `x${i % 2}`, i % 3 ? 'up' : 'down')
      }
      await put('load/end', 'x', 'up')
    })()
    const table = new Map<string, Event['data']>()
    const newest = new Map<string, [number, number]>()
    const take = (seen: readonly Event[]) => {
      for (const { name, data } of seen) {
        if (name === 'sync') continue
        const [incarnation, revision] = newest.get(data.object) ?? [-1, -1]
        const newer = data.incarnation > incarnation || (data.incarnation === incarnation && data.revision > revision)
        expect({ data, newer, known: [incarnation, revision] }).toMatchObject({ newer: true })
        newest.set(data.object, [data.incarnation, data.revision])
        if (name === 'object.deleted') table.delete(data.object)
        else table.set(data.object, data)
      }
    }
    const begun = await events('?prefix=load/', (all) => synced(all))
    take(begun)
    const ended = (all: readonly Event[]) => all.at(-1)!.data.object === 'load/end'
    for (let last = begun.at(-1)!.id!; !table.has('load/end');) {
      const seen = await events('?prefix=load/', (all) => all.length >= 5 || ended(all), { 'last-event-id': last })
      take(seen)
      last = seen.at(-1)!.id!
    }
    await writer
    const { items } = (await (await fetch(`${running.url}/v1/objects?prefix=load/&limit=1000`)).json()) as {
      items: Event['data'][]
    }
    const shown = (all: Iterable<Event['data']>) =>
      [...all]
        .map(({ object, incarnation, version, state }) => ({ object, incarnation, version, state }))
        .sort((a, b) => (a.object < b.object ? -1 : 1))
    expect(shown(table.values())).toEqual(shown(items))
  }, 60_000)

  it('cannot be resumed from a position too old, or of another log (410)', async () => {
    const zeros = Array.from({ length: 8 }, () => 0)
    const at = async (id: string) => fetch(`${running.url}/v1/states/stream`, { headers: { 'last-event-id': id } })
    const old = await at(encodeVector({ time: Date.now() - (7 * 24 - 1) * HOUR - 1000, offsets: zeros }))
    expect([old.status, ((await old.json()) as { code: string }).code]).toEqual([410, 'gone'])
    for (const offsets of [[0], zeros.map(() => 1_000_000)])
      expect((await at(encodeVector({ time: Date.now(), offsets }))).status).toBe(410)
    expect((await at('nonsense')).status).toBe(400)
  })

  it('ends when the instance shuts down', async () => {
    const log = await openEmbeddedLog({ memory: true })
    const other = await startStandalone(
      loadConfig('standalone', {
        argv: ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent'],
        env: {},
        readFile: () => '',
      }),
      { log },
    )
    while ((await fetch(`${other.url}/readyz`)).status !== 200) await new Promise(setImmediate)
    const response = await fetch(`${other.url}/v1/states/stream`)
    const ended = response.text()
    await other.close()
    expect(await ended).toContain('event: sync')
    await log.close()
  })
})
