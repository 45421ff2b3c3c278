import { setTimeout as sleep } from 'node:timers/promises'
import type { DeletedObject, ObserversEvent } from '@quorate/contracts'
import type { ObjectView } from './answers'
import type { Caller } from './caller'
import { ProblemError, UnreachableError } from './problem-error'
import { serverSentEvents } from './server-sent-events'

export interface StatesOptions {
  readonly prefix?: string
  readonly state?: string
  /** Goes on after the event with this id, without the snapshot. */
  readonly lastEventId?: string
  readonly signal?: AbortSignal
  /** ms to wait before connecting again; 1,000 by default, or what the server says. */
  readonly reconnectMs?: number
  /** Told of every break, before connecting again. */
  readonly onReconnect?: (reason: unknown) => void
}

/**
 * What the stream tells (rest.md): each state there is as `snapshot`, `sync` when that is all, then every change. `id`
 * goes into `lastEventId` of a later stream; it is empty before `sync`.
 */
export type StatesEvent = { readonly id: string } & (
  | { readonly type: 'snapshot' | 'object.changed' | 'object.updated'; readonly data: ObjectView }
  | { readonly type: 'sync'; readonly data: Readonly<Record<string, never>> }
  | { readonly type: 'object.deleted'; readonly data: DeletedObject }
  | { readonly type: 'observers.lost' | 'observers.back'; readonly data: ObserversEvent }
)

/**
 * Yields the states and then their changes until `signal` ends it. A broken connection is taken up where it broke;
 * before `sync` that is at the beginning of the snapshot.
 * @throws ProblemError with the code `gone` when the position is too old to resume from: start again without
 * `lastEventId`
 */
export async function* statesStream(caller: Caller, options: StatesOptions): AsyncGenerator<StatesEvent> {
  const { prefix, state, signal, onReconnect = () => undefined } = options
  let { lastEventId = '', reconnectMs = 1000 } = options
  let connected = false
  while (!signal?.aborted) {
    try {
      const response = await caller.send({
        path: '/v1/states/stream',
        query: { prefix, state },
        headers: { accept: 'text/event-stream', 'last-event-id': lastEventId === '' ? undefined : lastEventId },
        signal,
        endless: true,
      })
      connected = true
      if (!response.body) throw new UnreachableError(caller.url, 'an empty answer')
      for await (const event of serverSentEvents(response.body, {
        onRetry: (ms) => (reconnectMs = ms),
        onId: (id) => (lastEventId = id),
      })) {
        yield { type: event.event, id: lastEventId, data: JSON.parse(event.data) as unknown } as StatesEvent
      }
      onReconnect('the server ended the stream')
    } catch (error) {
      if (signal?.aborted) return
      // Before the first connection nobody is there to wait for; a refusal stays one.
      if (!connected || isRefusal(error)) throw error
      onReconnect(error)
    }
    await sleep(reconnectMs, undefined, { signal }).catch(() => undefined)
  }
}

const isRefusal = (error: unknown) => ProblemError.is(error) && error.status !== 503 && error.status !== 429
