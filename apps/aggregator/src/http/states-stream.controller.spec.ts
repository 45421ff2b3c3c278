import 'reflect-metadata'
import fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { connect } from 'node:net'
import { StatesStreamController } from './states-stream.controller'
import { OpenStreams } from './stream/open-streams'
import type { Beginning, StatesStream } from './stream/states-stream'

/** Begins when it is let; remembers what was run. */
class Source {
  let!: (beginning: Beginning) => void
  ran = 0
  readonly begun: Promise<AbortSignal>
  readonly begin: StatesStream['begin']

  constructor() {
    let begun: (signal: AbortSignal) => void
    this.begun = new Promise((resolve) => (begun = resolve))
    this.begin = (_interest, _last, _request, signal) => {
      begun(signal)
      return new Promise((resolve) => (this.let = resolve))
    }
  }
  readonly run: StatesStream['run'] = (_interest, _beginning, outlet) => {
    this.ran++
    outlet.end()
    return Promise.resolve()
  }
}

describe('a subscriber', () => {
  let server: FastifyInstance
  const source = new Source()
  afterEach(() => server.close())

  it('that leaves while its stream is begun leaves nothing behind', async () => {
    const open = new OpenStreams(source as unknown as StatesStream)
    const controller = new StatesStreamController(open)
    let handled: Promise<void> | undefined
    server = fastify()
    server.get('/', (request, reply) => void (handled = controller.stream(request, reply)))
    await server.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect(Number(new URL(server.listeningOrigin).port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const signal = await source.begun
    socket.destroy()
    await once(signal, 'abort')
    source.let({ offsets: [], snapshot: undefined, settled: [] })
    await handled
    expect([source.ran, open.count]).toEqual([0, 0])
  })
})
