import { Agent, buildConnector, request } from 'undici'
import type { BlockList } from 'node:net'
import { isIP } from 'node:net'
import { AddressRefused, guardedLookup, isAllowed, type Resolve } from './address-guard'
import type { Outcome } from './channel'
import { faultCode } from './fault-code'
import { EXCERPT, httpOutcome, printable } from './http-outcome'
import { masked } from './masking'

export interface HttpPostOptions {
  readonly allowed: BlockList
  readonly timeoutMs: number
  readonly connections: number
  readonly resolve?: Resolve | undefined
  /** Never repeated, also where the endpoint says them. */
  readonly secrets?: readonly string[]
}

/**
 * Posts to one endpoint: connects to allowed addresses only, follows no redirect, reads no more of the answer than an
 * excerpt.
 */
export class HttpPost {
  private readonly agent: Agent
  constructor(private readonly options: HttpPostOptions) {
    this.agent = new Agent({
      connect: guardedConnector(options),
      connections: options.connections,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      maxResponseSize: 1024 * 1024,
    })
  }

  /** Never rejects. */
  async post(url: string, headers: Record<string, string>, body: string, now: () => number): Promise<Outcome> {
    const signal = AbortSignal.timeout(this.options.timeoutMs)
    try {
      const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher: this.agent })
      const excerpt = printable(masked(await beginning(answer.body), this.options.secrets ?? []))
      const retryAfter = answer.headers['retry-after']
      return httpOutcome(
        { status: answer.statusCode, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, excerpt },
        now(),
      )
    } catch (error) {
      return { kind: 'retry', reason: signal.aborted ? 'timeout' : reasonOf(error) }
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy()
  }
}

/**
 * Checks the address before connecting: a literal one at once, a name by its guarded lookup, and the socket's own peer
 * at the end.
 */
function guardedConnector({ allowed, timeoutMs, resolve }: HttpPostOptions): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: guardedLookup(allowed, resolve) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !isAllowed(host, allowed)) return void callback(new AddressRefused(host), null)
    connect(options, (...[error, socket]) => {
      if (error || !socket) return void callback(error ?? new Error('no socket'), null)
      if (socket.remoteAddress !== undefined && isAllowed(socket.remoteAddress, allowed))
        return void callback(null, socket)
      socket.destroy()
      callback(new AddressRefused(host), null)
    })
  }
}

/**
 * Words for what went wrong below HTTP. Codes only: messages may repeat the address with its query, which may hold a
 * token.
 */
function reasonOf(error: unknown): string {
  return (
    faultCode(error)?.replace(/^UND_ERR_(.*)$/, (_, name: string) => name.toLowerCase().replaceAll('_', '-')) ??
    'failed'
  )
}

async function beginning(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= EXCERPT * 4) break
    }
  } catch {
    // The status has been said: an answer that breaks off behind it changes nothing.
  }
  return Buffer.concat(chunks).toString('utf8')
}
