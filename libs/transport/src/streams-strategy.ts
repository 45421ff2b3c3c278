import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices'
import type { Offset } from '@quorate/log'
import type { Streams, TaskBatch, TaskContext } from '@quorate/streams'
import { isObservable } from 'rxjs'
import { BatchContext } from './batch-context'

/** How streams passes a batch; resolves with the offset to resume at. */
export type HandleBatch = (batch: TaskBatch, context: TaskContext) => Promise<Offset>

export interface StrategyOptions {
  /**
   * Topics by the logical names in handler declarations: `{ reports: 'quorate.reports' }` serves
   * `@EventPattern('reports')`.
   */
  readonly sources: Readonly<Record<string, string>>
  /** Creates the streams application that will call `handle`. Called once, at construction; started by `listen`. */
  readonly create: (handle: HandleBatch) => Streams
  /** Runs before streams starts, while the process already listens. */
  readonly before?: () => Promise<void>
}

/**
 * A Nest transport whose unit is the batch: each batch of one partition goes as a whole to the handler of its logical
 * name. The offset that the handler returns goes to streams, which commits. Errors of the handler go to streams
 * unchanged.
 *
 * Not supported: replies, request patterns, and serializers. Records stay bytes until the processor decodes them.
 */
export class StreamsStrategy extends Server implements CustomTransportStrategy {
  /** Nest must not report or swallow errors of handlers: streams does that, and knows the task. */
  override readonly propagatesEventHandlerErrors = true
  readonly streams: Streams
  readonly #names: ReadonlyMap<string, string>
  readonly #before: () => Promise<void>
  readonly #handlers = new Map<string, MessageHandler>()

  constructor(options: StrategyOptions) {
    super()
    this.#names = new Map(Object.entries(options.sources).map(([name, topic]) => [topic, name]))
    this.#before = options.before ?? (() => Promise.resolve())
    this.streams = options.create((batch, context) => this.handle(batch, context))
  }

  async handle(batch: TaskBatch, context: TaskContext): Promise<Offset> {
    const handler = this.#handlers.get(context.source)
    if (!handler)
      throw new Error(
        `no batch handler for ${context.source}: listen() has not been called, or the topic belongs to ` +
          'another transport',
      )
    const answer: unknown = await handler(batch, new BatchContext([context, batch]))
    if (typeof answer !== 'number') {
      throw new TypeError(
        `the handler of ${context.source} must return the offset to resume at, not ` +
          `${isObservable(answer) ? 'an Observable' : typeof answer}`,
      )
    }
    return answer
  }

  /** Starts streams. Restores continue in the background; readiness reports them. */
  listen(callback: (error?: unknown) => void): void {
    try {
      for (const [topic, name] of this.#names) this.#handlers.set(topic, this.#handlerOf(name))
    } catch (error) {
      callback(error)
      return
    }
    this.#before()
      .then(() => this.streams.start())
      .then(() => callback(), callback)
  }

  #handlerOf(name: string): MessageHandler {
    const handler = this.getHandlerByPattern(name)
    if (!handler) throw new Error(`no controller handles @EventPattern('${name}')`)
    if (!handler.isEventHandler)
      throw new Error(`'${name}' must be an @EventPattern, not a @MessagePattern: a log does not reply`)
    if (handler.next)
      throw new Error(`@EventPattern('${name}') is handled twice; one processor owns a partition's batches`)
    return handler
  }

  async close(): Promise<void> {
    await this.streams.stop()
  }

  /** Not supported: `streams.onChange` reports changes of tasks. */
  on(): never {
    throw new Error('StreamsStrategy has no events of its own; use streams.onChange')
  }

  unwrap<T>(): T {
    return this.streams as T
  }
}
