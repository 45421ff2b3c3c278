import type { Offset } from '@quorate/log'
import type { BatchContext } from '../batch-context'
import { lastOf, type Skip } from '../instructions'
import { Contained, faultOf, RecordFault } from '../record-fault'
import { type Refused, stageRefusal } from '../faults/refusing'
import { stageSkip } from '../faults/skipping'
import { epochOf, type Stretch } from './stretch'
import type { Opened, WorkOptions } from './work-options'

/** Commits what is staged; `epoch` is of the record before `resume`, undefined where it is not known. */
export type CommitAt = (resume: Offset, time: number, epoch: number | undefined) => Promise<void>

/**
 * Puts a record aside that the partition does not get past: because it has failed alone, or because an operator says
 * so.
 */
export class PutAside {
  constructor(
    private readonly options: WorkOptions,
    private readonly opened: Opened,
    private readonly context: BatchContext,
    private readonly commit: CommitAt,
  ) {}

  /** A record that has failed alone. Returns what is left, the record included where its refusal was cut or failed. */
  async refuse(refusal: Refused, given: Stretch, epoch: number | undefined): Promise<Stretch> {
    const { isolation, progress } = this.opened
    const { record, error, code, level } = refusal
    this.context.begin()
    try {
      const isDone = stageRefusal(refusal, this.context, this.options)
      const { offset, timestamp } = record
      if (isDone)
        await this.commit(offset + 1, Math.max(progress.time, timestamp), epochOf(offset + 1, given.reads) ?? epoch)
      else await this.commit(offset, progress.time, epoch)
      if (!isDone) return given
      isolation.clear()
      const { logger, partition } = this.options
      logger.error(
        { partition, offset, code, level, err: error },
        'a record cannot be applied: it is in the dead letters with this error, and the partition goes on behind it',
      )
      return { ...given, records: given.records.slice(1) }
    } catch (failure) {
      const fault = faultOf(failure)
      if (!(fault instanceof RecordFault || fault instanceof Contained)) throw failure
      this.context.drop()
      if (fault instanceof Contained) return given
      if (!isolation.refusalFailed()) {
        isolation.clear()
        throw fault.cause
      }
      if (fault.begun) throw fault
      return given
    }
  }

  /**
   * What an operator leaves out: one dead letter, and nothing else. Time does not move on by it. Returns the last
   * offset of it.
   */
  async skip(skip: Skip, given?: Stretch): Promise<Offset> {
    const { progress, isolation } = this.opened
    const { offset, reason, by, through } = skip
    const last = lastOf(skip)
    const isRead = through === undefined && !isolation.unreadable.has(offset)
    this.context.begin()
    try {
      stageSkip(
        { offset, last, record: isRead ? given?.records[0] : undefined, reason, by },
        this.context,
        this.options,
      )
      await this.commit(last + 1, progress.time, given && epochOf(last + 1, given.reads))
    } catch (error) {
      const fault = faultOf(error)
      if (!(fault instanceof RecordFault) || !isRead) throw error
      this.context.drop()
      // Its content is what is at fault: once more without.
      isolation.unreadable.add(offset)
      if (fault.begun) throw fault
      return this.skip(skip, given)
    }
    isolation.clear()
    const { logger, partition } = this.options
    const text = 'an operator has left out what the partition did not get past: it is in the dead letters'
    logger.warn({ partition, offset, ...(last > offset ? { through: last } : {}), by, reason }, text)
    return last
  }
}
