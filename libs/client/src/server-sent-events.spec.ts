import fc from 'fast-check'
import { type ServerSentEvent, serverSentEvents } from './server-sent-events'

const TEXT =
  ': a comment\n\nid: 0@1\nevent: object.changed\ndata: {"a":1}\n\ndata: two\r\ndata:lines\r\n\r\nevent: sync\rdata\r\rid: 0@2\n\ndata: größe 🚀\n\nretry: 250\n: still here\nid: 0@3\n\nevent: cut off\nid: 0@4\ndata: never'

async function read(chunks: Uint8Array[]) {
  const retry: number[] = []
  const events: (ServerSentEvent & { after: string })[] = []
  let after = ''
  const source = (async function* () {
    yield* chunks
  })()
  for await (const event of serverSentEvents(source, { onRetry: (ms) => retry.push(ms), onId: (id) => (after = id) }))
    events.push({ ...event, after })
  return { events, retry, after }
}

describe('server-sent events', () => {
  const EXPECTED = [
    { event: 'object.changed', data: '{"a":1}', after: '0@1' },
    { event: 'message', data: 'two\nlines', after: '0@1' },
    { event: 'sync', data: '', after: '0@1' },
    { event: 'message', data: 'größe 🚀', after: '0@2' },
  ]

  it('reads names, ids and several lines of data, and drops comments and what is cut off', async () => {
    expect(await read([Buffer.from(TEXT)])).toEqual({ events: EXPECTED, retry: [250], after: '0@3' })
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
