import type { AppName, Values } from './settings'

/** The settings of one process, complete and checked. Read once, at the start. */
export interface Config extends Values {
  readonly app: AppName
  readonly log: 'kafka' | 'embedded'
  readonly replication: number
}
