import type { Logger, Offset } from '@quorate/log'
import { ranges } from './ranges'
import { Standby, type StandbyOptions } from '../restore/standby'
import { Task, type TaskOptions } from '../task/task'
import { TaskSlot } from './task-slot'

export interface TaskSetOptions {
  readonly logger: Logger
  /** Everything a task needs but what the set itself decides. */
  readonly optionsOf: (partition: number) => Omit<TaskOptions, 'onChange' | 'local'>
  readonly standbyOptionsOf: (partition: number) => Omit<StandbyOptions, 'onChange'>
  /** Changelog positions of the files found at the start. */
  readonly found: ReadonlyMap<number, Offset>
  readonly onChange: () => void
}

/** The tasks of this process: one for each assigned partition, active or standby. What stays as it is does not stop. */
export class TaskSet {
  private readonly slots = new Map<number, TaskSlot>()
  private assigned: readonly number[] = []
  private told = false
  private toldOfStandbys = ''

  constructor(private readonly options: TaskSetOptions) {}

  get(partition: number): Task | undefined {
    return this.slots.get(partition)?.task
  }

  all(): Task[] {
    return [...this.slots.values()].flatMap(({ task }) => task ?? [])
  }

  standby(partition: number): Standby | undefined {
    return this.slots.get(partition)?.standby
  }

  standbys(): Standby[] {
    return [...this.slots.values()].flatMap(({ standby }) => standby ?? [])
  }

  /** The active ones, opened yet or not. */
  partitions(): readonly number[] {
    return this.assigned
  }

  /** Changelog positions of all local files, those included that no task has open. */
  positions(): Record<number, Offset> {
    const all = new Map(this.options.found)
    for (const [partition, { position }] of this.slots) all.set(partition, position)
    return Object.fromEntries([...all].filter(([, position]) => position > 0))
  }

  /** Every assigned partition is restored and running. */
  get running(): boolean {
    return this.assigned.every((partition) => {
      const task = this.get(partition)
      return task?.state === 'running' && task.readable
    })
  }

  /** Closes what is no longer wanted here, opens what is new, and changes the role of what stays. */
  assign(active: readonly number[], standbys: readonly number[]): void {
    this.told &&= active.join() === this.assigned.join()
    this.assigned = active
    this.toldOfStandbys = ''
    const place = (partition: number): TaskSlot => this.slots.get(partition) ?? this.addSlot(partition)
    for (const [partition, slot] of this.slots)
      if (!active.includes(partition) && !standbys.includes(partition)) slot.want(undefined)
    // Active ones first: they are waited for.
    for (const partition of active) place(partition).want('active')
    for (const partition of standbys) if (!active.includes(partition)) place(partition).want('standby')
  }

  /** Closes all; resolves when nothing of them is written any more. */
  async close(): Promise<void> {
    this.assign([], [])
    await Promise.all([...this.slots.values()].map((slot) => slot.settle()))
  }

  private addSlot(partition: number): TaskSlot {
    const { logger, optionsOf, standbyOptionsOf, onChange, found } = this.options
    const slot = new TaskSlot(
      {
        logger,
        createTask: (local, onClosed) =>
          new Task({
            ...optionsOf(partition),
            local,
            onChange: (task) => {
              if (task.state === 'closed') onClosed()
              this.onTaskChange(task)
            },
          }),
        createStandby: () =>
          new Standby({
            ...standbyOptionsOf(partition),
            onChange: () => {
              this.tellWhenFollowing()
              onChange()
            },
          }),
        onChange,
      },
      found.get(partition) ?? 0,
    )
    this.slots.set(partition, slot)
    return slot
  }

  private onTaskChange(task: Task): void {
    const { partition, state, restore } = task
    this.options.logger.debug({ partition, state, restored: restore.restored }, `task ${state}`)
    if (state === 'running') this.tellWhenRunning()
    this.options.onChange()
  }

  /** One line for all, whenever they are others than before. */
  private tellWhenFollowing(): void {
    const standbys = this.standbys()
    const partitions = standbys.map(({ partition }) => partition)
    if (partitions.length === 0 || !standbys.every(({ readable }) => readable)) return
    if (this.toldOfStandbys === partitions.join()) return
    this.toldOfStandbys = partitions.join()
    this.options.logger.info({ partitions: ranges(partitions) }, 'every standby has caught up with its owner')
  }

  /** One line for all: a process may have hundreds of tasks. */
  private tellWhenRunning(): void {
    if (this.told || !this.running) return
    this.told = true
    const restored = this.all().reduce((sum, task) => sum + task.restore.restored, 0)
    const { logger } = this.options
    logger.info({ partitions: ranges(this.assigned), restored }, 'every assigned partition is restored and running')
  }
}
