import { encodeWireView, type Change, type Fault, type SourceCommand, type View } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { Fold, type Rules } from '@quorate/vote'
import { ObjectReader } from './object-reader'
import { TrialState } from './trial-state'

/** Most objects that are listed per partition; all are counted. */
export const MAX_LISTED = 1000

/** An object that a policy or an agent's settings would change; `text`: the change as REST writes it. */
export interface TriedItem {
  readonly id: string
  readonly text: string
}

/** The immediate effect on the objects of one partition, as committed and at the partition's time. */
export interface Tried {
  readonly evaluated: number
  readonly changed: number
  readonly updated: number
  readonly deleted: number
  readonly items: readonly TriedItem[]
}

/** The commands that can be tried. */
export type TriedCommand = Extract<SourceCommand, { type: 'policy-set' | 'agent-set' }>

export type TriedSettings =
  /** `settings`: as they would be in force. */
  | { readonly settings: object; readonly tried: Tried }
  | { readonly faults: readonly Fault[]; readonly settings?: undefined }

/**
 * Evaluates every object that a policy or the one it replaces can affect; for an agent's settings, every object. Writes
 * nothing. Works in slices, so that the event loop is not blocked.
 */
export async function trySettings(task: RunningTask, command: TriedCommand, rules: Rules): Promise<TriedSettings> {
  const tables = (name: string) => task.table(name)
  const reader = new ObjectReader(rules)
  const counts = { 'object.changed': 0, 'object.updated': 0, 'object.deleted': 0 }
  const items: TriedItem[] = []
  const onChange = (change: Change): void => {
    const { type, subject } = change
    if (type !== 'object.changed' && type !== 'object.updated' && type !== 'object.deleted') return
    counts[type]++
    if (items.length >= MAX_LISTED) return
    const read = reader.read(tables, subject)
    if (read !== undefined) items.push({ id: subject, text: itemText(task.partition, reader.view(read), change) })
  }
  const state = new TrialState(task.partition, tables, rules, onChange)
  let settings: object = command.data
  if (command.type === 'policy-set') {
    const judged = state.settings.judge(command.data)
    if (judged.faults !== undefined) return { faults: judged.faults }
    settings = judged.policy
  }
  const fold = new Fold(state)
  const { position } = task
  while (fold.apply(command, position) === 'cut') {
    state.nextSlice()
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
  const head = `{"object":${JSON.stringify(subject)},"partition":${partition},"type":"${type}"`
  return `${head},"before":${encodeWireView(before)},"after":${after}}`
}
