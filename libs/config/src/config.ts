import type { AppName, Values } from './settings'

/** The settings of one process, complete and checked. Read once, at the start. */
export interface Config extends Values {
  readonly app: AppName
  readonly log: 'kafka' | 'embedded'
  readonly replication: number
  readonly sections: Sections
  /** What the operator should hear at the start: nothing is wrong, but something is not as it may seem. */
  readonly notes: readonly string[]
}

/** Parts of the YAML file that are no settings of the process: judged by the application that they are for. */
export interface Sections {
  /** As the operator knows the file. */
  readonly file: string
  /** Whether there is one. */
  readonly isRead?: boolean
  readonly policies?: unknown
  readonly agents?: unknown
  /** Receivers, routes, silences and inhibitions of the notifier. */
  readonly notify?: unknown
}
