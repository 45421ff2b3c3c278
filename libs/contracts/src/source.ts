import type { CommandData, CommandKind } from './commands'
import type { ObjectId } from './ids'
import type { Report } from './report'

export type { Report } from './report'
export type OverrideSet = CommandData<'override-set'>
/** The end of an override, or of an object, by an operator. */
export type OperatorsEnd = CommandData<'override-cleared'>
export type Resharded = CommandData<'resharded'>
export type Snapshot = CommandData<'snapshot'>

/** Header of what a reshard copied: where it lay. */
export const RESHARDED_FROM = 'quorate-resharded-from'

/** The record repeats what was in force before this offset; `true` for a record of a release that did not say where. */
export type Reappended = number | true

/** Kinds of commands whose record has the object id as its key. */
type ObjectCommand = 'leave' | 'report-removed' | 'override-set' | 'override-cleared' | 'object-deleted'
/** Kinds that may repeat what was in force. */
type Repeatable = 'policy-set' | 'agent-set'

type Command<K extends CommandKind> = K extends 'tick'
  ? { readonly type: K }
  : K extends ObjectCommand
    ? { readonly type: K; readonly object: ObjectId; readonly data: CommandData<K> }
    : K extends Repeatable
      ? { readonly type: K; readonly data: CommandData<K>; readonly reappended?: Reappended }
      : { readonly type: K; readonly data: CommandData<K> }

/**
 * A record of the source topic, decoded: what the engine's fold takes. Kinds with an `object` have it as their key; the
 * others have a null key.
 */
export type SourceCommand =
  { readonly type: 'report'; readonly object: ObjectId; readonly data: Report } | Command<CommandKind>

export type SourceType = SourceCommand['type']

/** Kinds that go to every partition, with a null key; never re-routed. */
export const BROADCAST: readonly SourceType[] = ['policy-set', 'policy-deleted', 'agent-set', 'agent-removed']
/** Kinds with a null key. */
export const KEYLESS: readonly SourceType[] = [...BROADCAST, 'resharded', 'snapshot', 'tick']

/**
 * Header of a policy or agent's settings that the owner of the partition appends again before they leave the retention:
 * `@17` says that it repeats what was in force before offset 17. Such a record adds what a reader has not seen; it
 * never changes what the reader knows (vote.md 9). A policy was judged when it was put in force, and is not refused for
 * weights that agents have been given since.
 */
export const REAPPENDED = 'quorate-reappended'
export const reappendedHeader = (from: Reappended) => [REAPPENDED, from === true ? '1' : `@${from}`] as const
export const reappendedOf = (header: string): Reappended =>
  /^@\d{1,15}$/.test(header) ? Number(header.slice(1)) : true
