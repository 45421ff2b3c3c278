import { testCall } from '@quorate/http/testing'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PeerTimes } from './peer'
import { Peers } from './peers'

const TIMES = { connectMs: 500, probeEveryMs: 20, probeMs: 400, placeMs: 5_000 }

/** A peer that answers, or holds every answer back as a frozen process does. */
class Other {
  frozen = false
  readonly seen: string[] = []
  readonly #held: (() => void)[] = []
  url = ''
  private constructor(private readonly server: Server) {}

  static async open(hold: (path: string) => boolean = () => false): Promise<Other> {
    const server = createServer((request, response) => other.#take(request, response, hold))
    const other = new Other(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    other.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return other
  }

  count(path: string): number {
    return this.seen.filter((seen) => seen === path).length
  }

  thaw(): void {
    this.frozen = false
    for (const answer of this.#held.splice(0)) answer()
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  #take({ url = '' }: IncomingMessage, response: ServerResponse, hold: (path: string) => boolean): void {
    this.seen.push(url)
    const answer = (): void => void response.end(url)
    if (this.frozen || hold(url)) this.#held.push(answer)
    else answer()
  }
}

let callers = 0
/** From somebody else each time. */
const asked = (
  url: string,
  method = 'GET',
  from = `10.0.${(callers = (callers + 1) % 65_536) >> 8}.${callers % 256}`,
) => testCall({ url, method, caller: from })
const codeOf = async (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  )
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('peers', () => {
  let other: Other
  let peers: Peers
  const open = async (hold?: (path: string) => boolean, times: Partial<PeerTimes> = {}) => {
    other = await Other.open(hold)
    peers = new Peers({ times: { ...TIMES, ...times }, answerMs: 5_000 })
    peers.attend(new Set([other.url]))
    await until(() => other.seen.includes('/livez'))
  }
  afterEach(async () => {
    other.thaw()
    await peers.close()
    await other.close()
  })

  it('end reads to a peer that is frozen, begin no new ones, and find it again at once', async () => {
    await open()
    other.frozen = true
    const waiting = Array.from({ length: 200 }, (_, i) => codeOf(peers.forward(other.url, asked(`/${i}`))))
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['owner-unreachable']))
    const { length } = other.seen
    expect(await codeOf(peers.forward(other.url, asked('/later')))).toBe('owner-unreachable')
    expect(other.seen.slice(length)).not.toContain('/later')
    other.thaw()
    await until(() => peers.peer(other.url).reachable)
    expect(await codeOf(peers.forward(other.url, asked('/now')))).toBe('answered')
  })

  it('wait for a write that is under way to a frozen peer: it may be done yet', async () => {
    await open()
    other.frozen = true
    const write = codeOf(peers.forward(other.url, asked('/write', 'DELETE')))
    await until(() => !peers.peer(other.url).reachable)
    other.thaw()
    expect(await write).toBe('answered')
  })

  it('let point reads through while lists take all the connections that lists have', async () => {
    await open((path) => path === '/list')
    const lists = Array.from({ length: 200 }, () => codeOf(peers.forward(other.url, asked('/list'), { pool: 'lists' })))
    await until(() => other.count('/list') === 16)
    expect(await codeOf(peers.forward(other.url, asked('/point')))).toBe('answered')
    expect(other.count('/list')).toBe(16)
    while (other.count('/list') < 200) {
      other.thaw()
      await new Promise(setImmediate)
    }
    other.thaw()
    expect(new Set(await Promise.all(lists))).toEqual(new Set(['answered']))
  })

  it.each([
    ['points', 128],
    ['lists', 32],
  ] as const)('let %s through while as many wait at the owner as may', async (pool, most) => {
    await open((path) => path === '/waits')
    const waits = Array.from({ length: most + 8 }, () =>
      codeOf(peers.forward(other.url, asked('/waits'), { pool, waitMs: 60_000 })),
    )
    await until(() => other.count('/waits') === most)
    expect(await codeOf(peers.forward(other.url, asked('/now', 'DELETE'), { pool }))).toBe('answered')
    expect(other.count('/waits')).toBe(most)
    other.thaw()
    await until(() => other.count('/waits') === most + 8)
    other.thaw()
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['answered']))
  })

  it('never send what finds no place before the peer is lost: nothing was done', async () => {
    await open()
    other.frozen = true
    const writes = Array.from({ length: 200 }, () => codeOf(peers.forward(other.url, asked('/write', 'DELETE'))))
    await until(() => !peers.peer(other.url).reachable)
    other.thaw()
    const codes = await Promise.all(writes)
    expect(codes.map((code) => codes.filter((other) => other === code).length)).toEqual(
      codes.map((code) => (code === 'answered' ? 64 : 136)),
    )
    expect(new Set(codes)).toEqual(new Set(['answered', 'owner-unreachable']))
    expect(other.count('/write')).toBe(64)
  })

  it('share the places out, so that one caller keeps no other from its own', async () => {
    let holds = true
    await open((path) => holds && path === '/write')
    const one = Array.from({ length: 80 }, () =>
      codeOf(peers.forward(other.url, asked('/write', 'DELETE', '10.9.9.9'))),
    )
    await until(() => other.count('/write') === 48)
    expect(await codeOf(peers.forward(other.url, asked('/other', 'DELETE')))).toBe('answered')
    holds = false
    other.thaw()
    expect(new Set(await Promise.all(one))).toEqual(new Set(['answered']))
  })

  it('never send what finds no place in time', async () => {
    await open((path) => path === '/write', { placeMs: 50 })
    const first = Array.from({ length: 64 }, () => codeOf(peers.forward(other.url, asked('/write', 'DELETE'))))
    expect(await codeOf(peers.forward(other.url, asked('/late', 'DELETE')))).toBe('owner-unreachable')
    await until(() => other.count('/write') === 64)
    other.thaw()
    expect(new Set(await Promise.all(first))).toEqual(new Set(['answered']))
    expect(other.count('/late')).toBe(0)
  })

  it('send nothing more to a peer that has left, and end what is under way to it', async () => {
    await open((path) => path === '/write')
    const writes = Array.from({ length: 70 }, () => codeOf(peers.forward(other.url, asked('/write', 'DELETE'))))
    await until(() => other.count('/write') === 64)
    peers.attend(new Set())
    expect(await Promise.all(writes.slice(64))).toEqual(Array.from({ length: 6 }, () => 'owner-unreachable'))
    other.thaw()
    expect(new Set(await Promise.all(writes.slice(0, 64)))).toEqual(new Set(['answered']))
    expect(other.count('/write')).toBe(64)
  })

  it('take a peer that answers anything for alive, however busy it is with its probes', async () => {
    await open((path) => path === '/livez')
    const told: boolean[] = []
    for (const end = performance.now() + 4 * TIMES.probeMs; performance.now() < end;) {
      await peers.forward(other.url, asked('/point'))
      told.push(peers.peer(other.url).reachable)
    }
    expect(new Set(told)).toEqual(new Set([true]))
  })

  it('know at once of a peer that refuses connections', async () => {
    await open()
    await other.close()
    expect(await codeOf(peers.forward(other.url, asked('/gone', 'PUT')))).toMatch(/owner-unreachable|outcome-unknown/)
    await until(() => !peers.peer(other.url).reachable)
    expect(await codeOf(peers.forward(other.url, asked('/gone', 'PUT')))).toBe('owner-unreachable')
  })
})
