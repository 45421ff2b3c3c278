import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Outlet } from './outlet'

describe('the outlet to a subscriber', () => {
  let server: Server
  let outlet: Promise<Outlet>
  const subscribe = async (times: { patience: number; keepAlive: number }): Promise<IncomingMessage> => {
    let opened: (outlet: Outlet) => void
    outlet = new Promise((resolve) => (opened = resolve))
    server = createServer((_request, response) => {
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
        await out.ready()
        out.write(chunk)
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

  it('cuts off a subscriber that makes no room in time', async () => {
    const response = await subscribe({ patience: 50, keepAlive: 60_000 })
    const out = await outlet
    response.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => out.closed.addEventListener('abort', () => resolve()))
    for (let i = 0; i < 400 && !out.closed.aborted; i++) {
      await out.ready()
      out.write('x'.repeat(256 * 1024))
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
    out.write('x')
    await out.ready()
  })

  it('comments now and then, with the position to resume from', async () => {
    const response = await subscribe({ patience: 60_000, keepAlive: 10 })
    const text = await new Promise<string>((resolve) =>
      response.once('data', (part: Buffer) => resolve(part.toString())),
    )
    expect(text).toBe(': still here\nid: p1\n\n')
  })
})
