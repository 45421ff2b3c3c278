import type { Logger } from '@quorate/log'
import { Task, type TaskOptions } from './task'

export interface TaskSetOptions {
  readonly logger: Logger
  /** Everything a task needs but what the set itself decides. */
  readonly optionsOf: (partition: number) => Omit<TaskOptions, 'onChange'>
  readonly onChange: () => void
}

/** A task that was fenced though the group still gives it to us is tried again after this, ms. */
const FENCED_RETRY = 1_000

/** The tasks of this process: one for each assigned partition. What stays assigned does not stop. */
export class TaskSet {
  private readonly tasks = new Map<number, Task>()
  private readonly leaving = new Map<number, Promise<void>>()
  private assigned: readonly number[] = []
  private told = false

  constructor(private readonly options: TaskSetOptions) {}

  get(partition: number): Task | undefined {
    return this.tasks.get(partition)
  }

  all(): Task[] {
    return [...this.tasks.values()]
  }

  partitions(): number[] {
    return [...this.tasks.keys()]
  }

  /** Every assigned partition is restored and running. */
  get running(): boolean {
    return this.assigned.every((partition) => this.tasks.get(partition)?.state === 'running')
  }

  /** Closes what is no longer assigned, opens what is new. */
  assign(partitions: readonly number[]): void {
    this.assigned = partitions
    for (const partition of this.partitions()) if (!partitions.includes(partition)) this.release(partition)
    for (const partition of partitions) if (!this.tasks.has(partition)) void this.open(partition)
  }

  /** Closes all; resolves when nothing of them is written any more. */
  async close(): Promise<void> {
    this.assign([])
    await Promise.all(this.leaving.values())
  }

  private async open(partition: number): Promise<void> {
    // A file that is still being closed must not be opened a second time.
    await this.leaving.get(partition)
    if (this.tasks.has(partition) || !this.assigned.includes(partition)) return
    const task: Task = new Task({ ...this.options.optionsOf(partition), onChange: () => this.onTaskChange(task) })
    this.tasks.set(partition, task)
    task.start()
    this.options.onChange()
  }

  private release(partition: number): void {
    const task = this.tasks.get(partition)
    if (!task) return
    this.tasks.delete(partition)
    const closed = task.close().finally(() => {
      if (this.leaving.get(partition) === closed) this.leaving.delete(partition)
    })
    this.leaving.set(partition, closed)
  }

  private onTaskChange(task: Task): void {
    const { partition, state, restore } = task
    this.options.logger.debug({ partition, state, restored: restore.restored }, `task ${state}`)
    if (state === 'restoring') this.told = false
    else if (state === 'running') this.tellWhenRunning()
    if (state === 'closed' && this.tasks.get(partition) === task) {
      // Fenced, not released: if the group still gives it to us, nobody else is there, and we take it again.
      this.tasks.delete(partition)
      setTimeout(() => void this.open(partition), FENCED_RETRY).unref()
    }
    this.options.onChange()
  }

  /** One line for all: a process may have hundreds of tasks. */
  private tellWhenRunning(): void {
    if (this.told || !this.running) return
    this.told = true
    const restored = this.all().reduce((sum, task) => sum + task.restore.restored, 0)
    const { logger } = this.options
    logger.info({ partitions: this.assigned, restored }, 'every assigned partition is restored and running')
  }
}
