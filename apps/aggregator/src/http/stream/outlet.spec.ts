import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Outlet } from './outlet'

describe('the outlet to a subscriber', () => {
  let server: Server
  let outlet: Promise<Outlet>
  let sent: ServerResponse
  const subscribe = async (times: { patience: number; keepAlive: number }): Promise<IncomingMessage> => {
    let opened: (outlet: Outlet) => void
    outlet = new Promise((resolve) => (opened = resolve))
    server = createServer((_request, response) => {
      sent = response
      response.writeHead(200).flushHeaders()
      opened(new Outlet(response, () => 'p1', times))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Promise((resolve, reject) =>
      get({ port: (server.address() as AddressInfo).port }, resolve).on('error', reject),
    )
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('makes the writer wait while the subscriber does not read, and goes on when it does', async () => {
    const response = await subscribe({ patience: 60_000, keepAlive: 60_000 })
    const out = await outlet
    const chunk = 'x'.repeat(256 * 1024)
    let written = 0
    let open = true
    void (async () => {
      while (open && written < 64) {
        await out.write(() => chunk)
        written++
      }
    })()
    response.pause()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const held = written
    expect(held).toBeLessThan(64)
    let got = 0
    await new Promise<void>((resolve) =>
      response.resume().on('data', (part: Buffer) => {
        got += part.length
        if (got === 64 * chunk.length) resolve()
      }),
    )
    expect(written).toBe(64)
    open = false
  })

  it('lets writers take turns: beyond the buffer a subscriber that does not read holds one write, whoever has news', async () => {
    const response = await subscribe({ patience: 60_000, keepAlive: 60_000 })
    response.pause()
    const out = await outlet
    const chunk = 'x'.repeat(256 * 1024)
    const made: number[] = []
    let most = 0
    // As many writers as partitions, each at once with its next text; without turns all of them write whenever there is
    // room.
    const writers = Array.from({ length: 64 }, async (_, i) => {
      for (let n = 0; n < 4; n++) {
        await out.write(() => (made.push(i), chunk))
        most = Math.max(most, sent.writableLength)
      }
    })
    for (let still = 0, seen = 0; still < 5; seen = made.length) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      still = made.length === seen ? still + 1 : 0
    }
    expect(made.length).toBeLessThan(256)
    let got = 0
    await new Promise<void>((resolve) =>
      response.resume().on('data', (part: Buffer) => {
        got += part.length
        if (got === 256 * chunk.length) resolve()
      }),
    )
    await Promise.all(writers)
    expect(made).toHaveLength(256)
    expect(most).toBeLessThan(2 * chunk.length)
  })

  it('a text that cannot be made fails its writer alone', async () => {
    await subscribe({ patience: 60_000, keepAlive: 60_000 })
    const out = await outlet
    const failed = out.write(() => {
      throw new Error('no text')
    })
    await expect(failed).rejects.toThrow('no text')
    await expect(out.write(() => 'x')).resolves.toBeUndefined()
  })

  it('cuts off a subscriber that makes no room in time', async () => {
    const response = await subscribe({ patience: 50, keepAlive: 60_000 })
    const out = await outlet
    response.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => out.closed.addEventListener('abort', () => resolve()))
    for (let i = 0; i < 400 && !out.closed.aborted; i++) {
      await out.write(() => 'x'.repeat(256 * 1024))
    }
    await closed
    expect(out.closed.aborted).toBe(true)
  })

  it('to a subscriber that has left already is closed, and holds nobody up', async () => {
    const left = new Promise<Outlet>((resolve) => {
      server = createServer((_request, response) => {
        response.once('close', () => resolve(new Outlet(response, () => 'p1', { patience: 60_000, keepAlive: 60_000 })))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const request = get({ port: (server.address() as AddressInfo).port }).on('error', () => undefined)
    server.once('request', () => request.destroy())
    const out = await left
    expect(out.closed.aborted).toBe(true)
    await out.write(() => 'x')
  })

  it('comments now and then, with the position to resume from', async () => {
    const response = await subscribe({ patience: 60_000, keepAlive: 10 })
    const text = await new Promise<string>((resolve) =>
      response.once('data', (part: Buffer) => resolve(part.toString())),
    )
    expect(text).toBe(': still here\nid: p1\n\n')
  })
})
