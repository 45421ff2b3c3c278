import { encodeWireView, type Change, type Fault, type SourceCommand, type View } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { Fold, type Rules } from '@quorate/vote'
import { ObjectReader } from './object-reader'
import { TrialState } from './trial-state'

/** Objects that are listed of one answer; all are counted. */
export const MOST_LISTED = 1000

/** An object that a policy, or an agent's settings, would change; `text`: how, as REST writes it. */
export interface TriedItem {
  readonly id: string
  readonly text: string
}

/** What they would do at once to the objects of one partition, as committed and at the partition's time. */
export interface Tried {
  readonly evaluated: number
  readonly changed: number
  readonly updated: number
  readonly deleted: number
  readonly items: readonly TriedItem[]
}

/** What may be tried. */
export type TriedCommand = Extract<SourceCommand, { type: 'policy-set' | 'agent-set' }>

export type TriedSettings =
  /** `settings`: as they would be in force. */
  | { readonly settings: object; readonly tried: Tried }
  | { readonly faults: readonly Fault[]; readonly settings?: undefined }

/**
 * Evaluates under a policy every object that it, or the one it replaces, can touch; under an agent's settings every object. Nothing is
 * written. In slices: others get a turn.
 */
export async function trySettings(task: RunningTask, command: TriedCommand, rules: Rules): Promise<TriedSettings> {
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
  let settings: object = command.data
  if (command.type === 'policy-set') {
    const judged = state.settings.judge(command.data)
    if (judged.faults !== undefined) return { faults: judged.faults }
    settings = judged.policy
  }
  const fold = new Fold(state)
  const { position } = task
  while (fold.apply(command, position) === 'cut') {
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
  return { settings, tried }
}

function itemText(partition: number, before: View, { type, subject, data }: Change): string {
  const after = data === null ? 'null' : encodeWireView(data as View)
  return `{"object":${JSON.stringify(subject)},"partition":${partition},"type":"${type}","before":${encodeWireView(before)},"after":${after}}`
}
