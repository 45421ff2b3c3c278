import fc from 'fast-check'
import { type ServerSentEvent, serverSentEvents } from './server-sent-events'

const TEXT =
  ': a comment\n\nid: 0@1\nevent: object.changed\ndata: {"a":1}\n\ndata: two\r\ndata:lines\r\n\r\nevent: sync\rdata\r\rid: 0@2\n\ndata: größe 🚀\n\nretry: 250\nevent: cut off\ndata: never'

async function read(chunks: Uint8Array[]): Promise<{ events: ServerSentEvent[]; retry: number[] }> {
  const retry: number[] = []
  const events: ServerSentEvent[] = []
  const source = (async function* () {
    yield* chunks
  })()
  for await (const event of serverSentEvents(source, (ms) => retry.push(ms))) events.push(event)
  return { events, retry }
}

describe('server-sent events', () => {
  const EXPECTED = [
    { event: 'object.changed', data: '{"a":1}', lastEventId: '0@1' },
    { event: 'message', data: 'two\nlines', lastEventId: '0@1' },
    { event: 'sync', data: '', lastEventId: '0@1' },
    { event: 'message', data: 'größe 🚀', lastEventId: '0@2' },
  ]

  it('reads names, ids and several lines of data, and drops comments and what is cut off', async () => {
    expect(await read([Buffer.from(TEXT)])).toEqual({ events: EXPECTED, retry: [250] })
  })

  it('reads the same however the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: Buffer.byteLength(TEXT) }), { maxLength: 12 }),
        async (cuts) => {
          const bytes = Buffer.from(TEXT)
          const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
          const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
          expect((await read(chunks)).events).toEqual(EXPECTED)
        },
      ),
    ))
})
