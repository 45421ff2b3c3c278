import type { ObjectId } from '@quorate/contracts'
import type { PartitionConditions } from '@quorate/streams'
import type { RuleFault, RuleFaultReason } from '@quorate/vote'

/** A policy whose rule cannot decide in one partition. */
export interface RuleTrouble {
  readonly partition: number
  readonly policy: string
  readonly method: string
  readonly reason: RuleFaultReason
  readonly detail: string
  /** Objects whose state is held because of it, as far as evaluated. */
  readonly objects: number
}

interface Entry extends Omit<RuleTrouble, 'objects'> {
  readonly objects: Set<ObjectId>
}

interface Partition {
  readonly conditions: PartitionConditions
  readonly entries: Map<string, Entry>
}

/** Visible without credentials, so without texts of the rule itself. */
const REASON_TEXTS: Readonly<Record<RuleFaultReason, string>> = {
  'rule-not-registered':
    "the policy's method names a rule that is not registered in this process: its objects hold their last " +
    'state; register the rule and restart, or change or delete the policy',
  'rule-failed':
    "the policy's rule threw or returned an invalid judgement: the objects concerned hold their last state; " +
    'fix the rule and restart, or change or delete the policy',
}
const REASONS = Object.keys(REASON_TEXTS) as RuleFaultReason[]

/**
 * Policies whose rule cannot decide (vote.md 5), by partition: a condition for each, and counts for metrics. In memory:
 * derived from the settings when a partition is opened, and from its objects as they are evaluated, each at least once
 * a minute.
 */
export class RuleFaults {
  readonly #partitions = new Map<number, Partition>()

  /** A partition is opened: forgets what was known of it. */
  open(partition: number, conditions: PartitionConditions): void {
    this.#partitions.set(partition, { conditions, entries: new Map() })
  }

  /** A policy was set, read, or deleted; no fault: its method is registered. */
  policy(partition: number, name: string, fault?: RuleFault): void {
    const { conditions, entries } = this.#partitions.get(partition)!
    entries.delete(name)
    for (const reason of REASONS) if (reason !== fault?.reason) conditions.clear(reason, name)
    if (fault !== undefined) this.#enter(partition, name, fault)
  }

  /** An object was evaluated or removed. */
  object(partition: number, id: ObjectId, policy: string, fault: RuleFault | null): void {
    const { conditions, entries } = this.#partitions.get(partition)!
    for (const entry of entries.values())
      if (fault === null || entry.policy !== policy) this.#release(conditions, entries, entry, id)
    if (fault === null) {
      // The condition was raised before the partition was opened again.
      if (!entries.has(policy)) conditions.clear('rule-failed', policy)
      return
    }
    const known = entries.get(policy)
    if (known !== undefined && known.reason === fault.reason) known.objects.add(id)
    else this.#enter(partition, policy, fault).objects.add(id)
  }

  /** Of the partitions for which `isHere` holds; in order of partition, then policy. */
  list(isHere: (partition: number) => boolean = () => true): RuleTrouble[] {
    return [...this.#partitions]
      .filter(([partition]) => isHere(partition))
      .flatMap(([, { entries }]) => [...entries.values()])
      .map(({ objects, ...entry }) => ({ ...entry, objects: objects.size }))
      .sort((a, b) => a.partition - b.partition || (a.policy < b.policy ? -1 : 1))
  }

  #enter(partition: number, policy: string, { reason, method, detail }: RuleFault): Entry {
    const { conditions, entries } = this.#partitions.get(partition)!
    const entry: Entry = { partition, policy, method, reason, detail, objects: new Set() }
    entries.set(policy, entry)
    conditions.raise({ code: reason, subject: policy, reason: REASON_TEXTS[reason], detail, blocks: [] })
    return entry
  }

  /**
   * A rule that no longer fails on any object has recovered; one that is not registered is at fault even without
   * objects.
   */
  #release(conditions: PartitionConditions, entries: Map<string, Entry>, entry: Entry, id: ObjectId): void {
    const { objects, reason, policy } = entry
    if (!objects.delete(id) || objects.size > 0 || reason === 'rule-not-registered') return
    entries.delete(policy)
    conditions.clear(reason, policy)
  }
}
