import type { Logger } from '@quorate/log'
import type { Message } from '../outbox/message'

/** One attempt at one delivery. */
export interface Outgoing {
  /** The same on every attempt. */
  readonly id: string
  readonly message: Message
  /** 1 for the first. */
  readonly attempt: number
  /** ms: when this attempt was made. */
  readonly at: number
}

interface Answered {
  /** HTTP or SMTP status, where there was one. */
  readonly status?: number
  /** Beginning of what the endpoint answered. */
  readonly excerpt?: string
}

/** What came of an attempt. `reason` is a short word or sentence for people; it never holds a secret. */
export type Outcome =
  | (Answered & { readonly kind: 'delivered' })
  /** Try again; `notBefore` (ms) when the endpoint said so; `throttle`: leave the whole endpoint alone until then. */
  | (Answered & {
      readonly kind: 'retry'
      readonly reason: string
      readonly notBefore?: number
      readonly throttle?: boolean
    })
  /** No repetition will help. */
  | (Answered & { readonly kind: 'dead'; readonly reason: string })
  /** The endpoint says that it is gone for good: nothing more is sent there. */
  | (Answered & { readonly kind: 'gone'; readonly reason: string })

/** An endpoint, ready to send. */
export interface Sender {
  /** Never rejects: what goes wrong is an outcome. */
  send(outgoing: Outgoing): Promise<Outcome>
  /** What may be told of the endpoint: no secret. */
  readonly description: Readonly<Record<string, unknown>>
  /** Changes when the endpoint becomes another one (its address): marks against the old one are void then. */
  readonly fingerprint: string
  close(): Promise<void>
}

/** A way of telling. One folder each; the registry is index.ts; channel.conformance.ts describes them all. */
export interface Channel {
  readonly name: string
  /** Attempts at once to one endpoint. */
  readonly concurrency: number
  /**
   * @param settings of the endpoint, unchecked
   * @throws SettingsError naming the faulty setting, never its value
   */
  open(settings: unknown, tools: ChannelTools): Sender
}

export interface ChannelTools {
  readonly logger: Logger
  /** Wall clock, ms. */
  readonly now: () => number
}

/** An endpoint cannot be opened as it is configured. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}
