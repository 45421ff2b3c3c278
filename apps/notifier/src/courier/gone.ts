import type { TaskContext } from '@quorate/streams'
import { settingsKey } from '../configuration/keys'
import type { GoneMark } from '../pipeline'

/** The output of the topology for the settings: every instance reads them. */
const SETTINGS = 'settings'

/** Marks an endpoint as gone, in the commit of the outcome that says so. Every instance reads the mark, later ones too. */
export function markGone(context: Pick<TaskContext, 'forward'>, endpoint: string, mark: GoneMark): void {
  context.forward(SETTINGS, { key: settingsKey('gone', endpoint), value: JSON.stringify(mark), partition: 0 })
}

/** The endpoint gets another chance, everywhere. */
export function unmarkGone(context: Pick<TaskContext, 'forward'>, endpoint: string): void {
  context.forward(SETTINGS, { key: settingsKey('gone', endpoint), value: null, partition: 0 })
}
