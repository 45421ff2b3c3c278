import type { AppName, Values } from './settings'

/** The settings of one process, complete and checked. Read once, at the start. */
export interface Config extends Values {
  readonly app: AppName
  readonly log: 'kafka' | 'embedded'
  readonly replication: number
  readonly sections: Sections
  /** Notes for the operator at the start: nothing is wrong, but something may not be as it seems. */
  readonly notes: readonly string[]
}

/** Parts of the YAML file that are not settings of the process: the application that uses them validates them. */
export interface Sections {
  /** The file's path as the operator knows it. */
  readonly file: string
  /** Whether the file exists. */
  readonly isRead?: boolean
  readonly policies?: unknown
  readonly agents?: unknown
  /** Receivers, routes, silences and inhibitions of the notifier. */
  readonly notify?: unknown
}
