import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { cutOffStalled } from './stalled'

const STALLED = 150
const LARGE = 24 * 1024 * 1024
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (holds: () => boolean) => {
  for (const end = performance.now() + 8_000; !holds(); await pause(5))
    if (performance.now() > end) throw new Error('waited in vain')
}

describe('answers that nobody reads', () => {
  let server: Server
  let inHand = 0
  let answered = 0
  let seen = 0
  const sockets: Socket[] = []

  beforeEach(async () => {
    inHand = answered = 0
    server = createServer({ keepAliveTimeout: 2 * STALLED, keepAliveTimeoutBuffer: 0 }, (request, response) => {
      seen++
      inHand++
      response.once('close', () => inHand--)
      response.once('finish', () => answered++)
      const body = request.url!.startsWith('/small') ? 'x' : 'x'.repeat(LARGE)
      setTimeout(() => response.end(body), request.url!.endsWith('/later') ? 3 * STALLED : 0)
    })
    cutOffStalled(server, STALLED)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  const ask = async (...paths: string[]): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket.pause())
    const before = seen
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`).join(''))
    await until(() => seen > before)
    return socket
  }

  it.each(['/large', '/large/later'])('end with their connections, and those behind them too: %s', async (path) => {
    await ask(path, path, '/small')
    await until(() => inHand === 0)
    expect(answered).toBe(0)
  })

  it('are not those that take long to come, or are read slowly', async () => {
    const later = await ask('/small/later')
    const [text] = (await once(later.resume(), 'data')) as [Buffer]
    expect(String(text)).toContain('200 OK')
    // Longer: kernels open their windows in large steps.
    server.timeout = 1_000
    const slow = await ask('/large')
    let got = 0
    slow.on('data', (part: Buffer) => {
      got += part.length
      slow.pause()
      setTimeout(() => slow.resume(), 5)
    })
    slow.resume()
    const began = performance.now()
    await until(() => got > LARGE || slow.destroyed)
    expect([got > LARGE, performance.now() - began > server.timeout]).toEqual([true, true])
  })

  it('leave connections that are idle to end in their own time', async () => {
    const socket = await ask('/small')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    await ended
    expect(answered).toBe(1)
  })
})
