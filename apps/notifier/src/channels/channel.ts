import type { Fault, ObjectId } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import type { TSchema } from '@sinclair/typebox'
import type { Message } from '../outbox/message'
import type { TextSet } from '../templates'

/** One attempt at one delivery. */
export interface Outgoing {
  /** The same on every attempt. */
  readonly id: string
  readonly message: Message
  /** 1 for the first. */
  readonly attempt: number
  /** ms: when this attempt was made. */
  readonly at: number
  /** Parts of it (recipients) that earlier attempts settled, from their outcome's `done`: not sent again. */
  readonly done?: readonly string[]
}

interface Answered {
  /** HTTP or SMTP status, where there was one. */
  readonly status?: number
  /** Beginning of what the endpoint answered. */
  readonly excerpt?: string
  /** What a reader of the delivery should know besides: `template-failed: …`. No secret. */
  readonly note?: string
  /** Parts of the delivery (recipients) that need not be sent again, all attempts included. */
  readonly done?: readonly string[]
}

/** What came of an attempt. `reason` is a short word or sentence for people; it never holds a secret. */
export type Outcome =
  | (Answered & {
      readonly kind: 'delivered'
      /**
       * What the endpoint must be told again and again for this object until another outcome (of a sender that has
       * `standing`) replaces it: kept in the store, in the commit of the outcome. Absent: nothing stands any more.
       */
      readonly activeAlert?: string
    })
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
  /** Only of channels whose receiver forgets what it is not told again (Alertmanager). */
  readonly activeAlerts?: ActiveAlerts | undefined
  /** While it is not known yet whether it can be opened: nothing is sent meanwhile. */
  readonly opening?: Promise<void> | undefined
  close(): Promise<void>
}

/**
 * What a sender says again and again until it is replaced. The courier keeps it in the store and hands back what
 * stands.
 */
export interface ActiveAlerts {
  /**
   * An outcome is committed, or a task with this in its store begins to run here. undefined: nothing stands of the
   * object any more.
   */
  put(partition: number, object: ObjectId, standing: string | undefined): void
  /** The partition's task runs here no longer: another instance says it now. */
  drop(partition: number): void
}

/** A way of telling. One folder each; the registry is index.ts; channel.conformance.ts describes them all. */
export interface Channel {
  readonly name: string
  /** Attempts at once to one endpoint. */
  readonly concurrency: number
  /** Of this process itself: attempts cost next to nothing. */
  readonly local?: boolean
  /** Takes several changes as one message (kind `group`); others get one message a change. */
  readonly gathers?: boolean
  /** What operators may write of its messages (setting `template`), and the built-in texts: for previews. */
  readonly texts?: TextSet<string>
  /** Of the settings as they are written in the configuration. */
  readonly schema?: TSchema
  /** Faults of settings as they are written, references to secrets unresolved; empty: `open` will take them. */
  check?(settings: unknown): Fault[]
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
  /**
   * Replaces references (`${env:NAME}`, `${file:path}`) in a text by what they stand for. Absent: texts are taken as
   * they are.
   * @throws SettingsError naming the reference, never its value
   */
  readonly reveal?: (text: string) => string
  /**
   * Where objects are looked up: an address with `{object}`, or that of the REST API; absent: messages have no links.
   */
  readonly baseUrl?: string
  /** IANA zone of the times in texts; UTC by default. */
  readonly timeZone?: string
}

/** An endpoint cannot be opened as it is configured. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}
