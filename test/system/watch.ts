import { setTimeout as delay } from 'node:timers/promises'
import { KEPT_OBJECTS, keptObject } from './load'
import type { Draw } from './random'

/** An instance to read and write. */
export interface Asked {
  readonly name: string
  readonly url: string
  readonly up: boolean
}

interface Wire {
  readonly incarnation: number
  readonly version: number
  readonly revision: number
  readonly state: string
}

/** Problems with which a read of an existing object may be refused for a while (docs/spec/rest.md). */
const PUT_OFF = [
  'restoring',
  'rebalancing',
  'owner-unreachable',
  'no-owner',
  'not-up-to-bound',
  'log-unavailable',
  'shutting-down',
]

/**
 * A client that reads and writes at all instances, one request after the other, whatever happens to them. It records as
 * a fault: a 404 for what exists, an untyped refusal, an older version than an active owner has returned, a write of
 * its own that it does not find again.
 */
export class Watch {
  readonly faults: string[] = []
  readonly counts: Record<string, number> = {}
  /** ms of responses with 200, own and forwarded. */
  readonly took: number[] = []
  readonly #seen = new Map<string, Wire>()
  #stopping = false
  #running: Promise<void> | undefined
  #writes = 0

  readonly #instances: readonly Asked[]
  readonly #random: Draw
  readonly #name: string

  constructor(instances: readonly Asked[], random: Draw, name = 'watch') {
    this.#instances = instances
    this.#random = random
    this.#name = name
  }

  start(): this {
    this.#running = this.#run()
    return this
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const up = this.#instances.filter((it) => it.up)
      if (up.length === 0) await delay(20)
      else if (this.#random(20) === 0) await this.#writeAndRead(up)
      else await this.#read(this.#pick(up), keptObject(this.#random(KEPT_OBJECTS)))
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!
  }

  async #read(at: Asked, object: string): Promise<void> {
    const begun = performance.now()
    const view = await this.#ask(at, 'GET', object)
    if (!view) return
    this.took.push(performance.now() - begun)
    const before = this.#seen.get(object)
    if (before && isOlder(view, before))
      this.#fault(`${at.name} returned ${said(view)} for ${object} after ${said(before)}`)
    else this.#seen.set(object, view)
  }

  /** Read your writes: a report at one instance, then the object at another, up to the write's position. */
  async #writeAndRead(up: readonly Asked[]): Promise<void> {
    const object = `own/${this.#name}/${this.#random(10)}`
    const state = `s${this.#writes++}`
    const written = await this.#send(this.#pick(up), 'PUT', `${path(object)}/reports/me?wait=2s`, { state })
    const position = written?.headers.get('quorate-position')
    if (!written?.ok || !position) return
    const at = this.#pick(up)
    const view = await this.#ask(at, 'GET', object, { 'quorate-min-position': position })
    if (view && view.state !== state)
      this.#fault(`${at.name} returned ${view.state} for ${object}, where ${state} was written at ${position}`)
  }

  async #ask(at: Asked, method: string, object: string, headers = {}): Promise<Wire | undefined> {
    const answer = await this.#send(at, method, path(object), undefined, headers)
    if (answer?.status !== 200) {
      if (answer?.status === 404) this.#fault(`${at.name} returned 404 for ${object}: ${JSON.stringify(answer.body)}`)
      return undefined
    }
    return answer.body as Wire
  }

  async #send(at: Asked, method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    try {
      const response = await fetch(`${at.url}${path}`, {
        method,
        headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
        signal: AbortSignal.timeout(15_000),
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      const answer = {
        status: response.status,
        ok: response.ok,
        headers: response.headers,
        body: await response.json(),
      }
      this.#judge(at, `${method} ${path}`, answer)
      return answer
    } catch (error) {
      // It was killed or frozen during the request.
      this.#count((error as Error).name === 'TimeoutError' ? 'no answer' : 'no connection')
      await delay(50)
      return undefined
    }
  }

  #judge(at: Asked, what: string, answer: { status: number; headers: Headers; body: unknown }): void {
    const { status, headers } = answer
    const { code } = answer.body as { code?: string }
    this.#count(status === 200 ? '200' : `${status} ${code}`)
    if (status === 200 || status === 404) return
    const isTyped = (status === 503 && PUT_OFF.includes(code!) && headers.has('retry-after')) || status === 504
    if (!isTyped) this.#fault(`${at.name} returned ${status} ${JSON.stringify(answer.body)} for ${what}`)
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  #fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(`${new Date().toISOString()} ${text}`)
  }
}

const path = (object: string) => `/v1/objects/${encodeURIComponent(object)}`
const said = ({ incarnation, version, revision }: Wire) => `${incarnation}.${version}.${revision}`
const isOlder = (a: Wire, b: Wire) =>
  a.incarnation < b.incarnation || (a.incarnation === b.incarnation && a.revision < b.revision)
