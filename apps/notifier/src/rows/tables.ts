import type { TaskContext } from '@quorate/streams'

/** The tables of one task, while a batch is in hand, and what the task keeps. */
export type Tables = Pick<TaskContext, 'table' | 'cache'>
