import type { Logger, Offset } from '@quorate/log'
import { closeStore, type LocalStore } from '../restore/local-store'
import type { Standby } from '../restore/standby'
import type { TaskRole } from '../streams'
import type { Task } from '../task/task'

export interface SlotOptions {
  readonly logger: Logger
  readonly createTask: (local: LocalStore | undefined, onClosed: () => void) => Task
  readonly createStandby: () => Standby
  readonly onChange: () => void
}

/** A task that was fenced though the group still gives it to us is tried again after this, ms. */
const FENCED_RETRY = 1_000

/**
 * One partition's place in this process: an active task, a standby, or nothing; never two at once, for they share one
 * file.
 *
 *              release: the open store goes along
 *   standby ───────────────────────────────────────▶ active
 *      ▲  ▲──────────── close, open again ─────────────│
 *      └──▶ nothing ◀──────────────────────────────────┘
 *
 * What is wanted may change while something closes: the slot goes on until it holds what is wanted last.
 */
export class TaskSlot {
  private wanted: TaskRole | undefined
  private held: Task | Standby | undefined
  private changing = false
  private changed = Promise.resolve()
  private known: Offset

  constructor(
    private readonly options: SlotOptions,
    position: Offset,
  ) {
    this.known = position
  }

  get task(): Task | undefined {
    return this.wanted === 'active' && this.held?.role === 'active' ? this.held : undefined
  }

  get standby(): Standby | undefined {
    return this.wanted === 'standby' && this.held?.role === 'standby' ? this.held : undefined
  }

  /** Changelog position of the local file; 0 when there is none. */
  get position(): Offset {
    return this.held?.changelogPosition || this.known
  }

  want(role: TaskRole | undefined): void {
    if (this.wanted === role) return
    this.wanted = role
    void this.settle()
  }

  /** Resolves when the slot holds what is wanted. */
  settle(): Promise<void> {
    if (!this.changing) this.changed = this.change()
    return this.changed
  }

  private async change(): Promise<void> {
    this.changing = true
    while (this.held?.role !== this.wanted) {
      const { held } = this
      if (held?.role === 'standby' && this.wanted === 'active') await this.promote(held)
      else if (held) await this.close(held)
      else this.open()
    }
    this.changing = false
  }

  private async promote(standby: Standby): Promise<void> {
    const local = await standby.release()
    this.known = local?.store.changelogPosition ?? this.known
    this.held = undefined
    if (this.wanted === 'active') this.open(local)
    else if (local) closeStore(local, this.options.logger)
  }

  private async close(held: Task | Standby): Promise<void> {
    await held.close()
    this.known = held.changelogPosition
    this.held = undefined
  }

  private open(local?: LocalStore): void {
    const held =
      this.wanted === 'active'
        ? this.options.createTask(local, () => this.onClosed(held as Task))
        : this.options.createStandby()
    this.held = held
    held.start()
    this.options.onChange()
  }

  /**
   * Fenced, not closed by us: if the group still gives the partition to us, nobody else is there, and we take it again.
   */
  private onClosed(task: Task): void {
    if (this.held !== task || this.changing) return
    this.known = task.changelogPosition
    this.held = undefined
    setTimeout(() => {
      void this.settle()
    }, FENCED_RETRY).unref()
  }
}
