import { encodeWireView, type Change, type Fault, type Policy, type PolicyInput, type View } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { Fold, type Rules } from '../vote'
import { ObjectReader } from './object-reader'
import { TrialState } from './trial-state'

/** Objects that are listed of one answer; all are counted. */
export const MOST_LISTED = 1000

/** An object that a policy would change; `text`: how, as REST writes it. */
export interface TriedItem {
  readonly id: string
  readonly text: string
}

/** What a policy would do at once to the objects of one partition, as committed and at the partition's time. */
export interface Tried {
  readonly evaluated: number
  readonly changed: number
  readonly updated: number
  readonly deleted: number
  readonly items: readonly TriedItem[]
}

export type TriedPolicy =
  | { readonly policy: Policy; readonly tried: Tried }
  | { readonly faults: readonly Fault[]; readonly policy?: undefined }

/** Evaluates under the policy every object that it, or the one it replaces, can touch; nothing is written. In slices: others get a turn. */
export async function tryPolicy(task: RunningTask, input: PolicyInput, rules: Rules): Promise<TriedPolicy> {
  const tables = (name: string) => task.table(name)
  const reader = new ObjectReader(rules)
  const counts = { 'object.changed': 0, 'object.updated': 0, 'object.deleted': 0 }
  const items: TriedItem[] = []
  const told = (change: Change): void => {
    const { type, subject } = change
    if (type !== 'object.changed' && type !== 'object.updated' && type !== 'object.deleted') return
    counts[type]++
    if (items.length >= MOST_LISTED) return
    const read = reader.read(tables, subject)
    if (read !== undefined) items.push({ id: subject, text: itemText(task.partition, reader.view(read), change) })
  }
  const state = new TrialState(task.partition, tables, rules, told)
  const judged = state.settings.judge(input)
  if (judged.faults !== undefined) return { faults: judged.faults }
  const fold = new Fold(state)
  const { position } = task
  while (fold.apply({ type: 'policy-set', data: input }, position) === 'cut') {
    state.goOn()
    await new Promise(setImmediate)
  }
  const tried = {
    evaluated: state.evaluated,
    changed: counts['object.changed'],
    updated: counts['object.updated'],
    deleted: counts['object.deleted'],
    items,
  }
  return { policy: judged.policy, tried }
}

function itemText(partition: number, before: View, { type, subject, data }: Change): string {
  const after = data === null ? 'null' : encodeWireView(data as View)
  return `{"object":${JSON.stringify(subject)},"partition":${partition},"type":"${type}","before":${encodeWireView(before)},"after":${after}}`
}
