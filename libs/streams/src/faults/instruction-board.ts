import { type Log, LogError, type Logger, type Offset } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import { setTimeout } from 'node:timers/promises'
import type { Conditions } from '../conditions'
import {
  type Acknowledgement,
  type Instruction,
  instructionCodec,
  instructionKey,
  lastOf,
  type Skip,
} from '../instructions'
import { settingsCondition } from './settings-condition'

/** ms that a task waits at its start for the settings; without them it goes on with what is known. */
const CATCH_UP_TIMEOUT_MS = 5_000
/** ms between two tries to open them. */
const RETRY = 1_000

export interface BoardOptions {
  readonly log: Log
  readonly logger: Logger
  /** The settings; undefined: operators tell this application nothing. */
  readonly topic: string | undefined
  readonly applicationId: string
  readonly conditions: Conditions
  /** Told of each new instruction. */
  readonly onInstruction: (instruction: Instruction) => void
}

const NONE: readonly Skip[] = []

/**
 * The instructions of an application as the settings have them now, and the way to take away those that have been
 * carried out.
 */
export class InstructionBoard {
  private readonly byKey = new Map<string, Instruction>()
  private table: KeyValueTable<Instruction | undefined> | undefined
  private readonly closing = new AbortController()
  private opened: Promise<void> = Promise.resolve()

  constructor(private readonly options: BoardOptions) {}

  start(): void {
    const { topic } = this.options
    if (topic !== undefined) this.opened = this.open(topic)
  }

  async close(): Promise<void> {
    this.closing.abort()
    await this.opened
    await this.table?.close()
  }

  /** Resolves when everything that was told before the call is known, or after a while without. */
  async current(signal: AbortSignal): Promise<void> {
    if (this.options.topic === undefined) return
    const late = new AbortController()
    const ended = AbortSignal.any([signal, this.closing.signal, late.signal])
    const timeout = setTimeout(CATCH_UP_TIMEOUT_MS, false, { signal: ended }).catch(() => true)
    const isCurrent = await Promise.race([
      timeout,
      this.opened.then(() => this.table?.caughtUp(CATCH_UP_TIMEOUT_MS) ?? false),
    ])
    late.abort()
    if (isCurrent) return
    this.options.logger.warn(
      { topic: this.options.topic },
      'the settings cannot be read to their end just now: instructions of operators that came last are followed once they can be',
    )
  }

  /** Of one partition, in order. */
  skipsOf(partition: number): readonly Skip[] {
    if (this.byKey.size === 0) return NONE
    return this.of(partition)
      .filter((it) => it.kind === 'skip')
      .sort((a, b) => a.offset - b.offset)
  }

  acknowledgement(partition: number): Acknowledgement | undefined {
    return this.of(partition).find((it) => it.kind === 'source')
  }

  /** The partition is at `position`: what lies behind has been carried out, or came too late. */
  passed(partition: number, topicId: string, position: Offset): void {
    for (const skip of this.skipsOf(partition)) if (skip.topicId !== topicId || lastOf(skip) < position) this.done(skip)
  }

  /** It has been carried out: it must not be found again where offsets begin again. */
  done(instruction: Instruction): void {
    const { applicationId, logger } = this.options
    this.take(instructionKey(applicationId, instruction), undefined)
    this.table?.delete(instructionKey(applicationId, instruction)).catch((error: unknown) => {
      if (!this.closing.signal.aborted)
        logger.debug({ err: error }, 'could not take an instruction out of the settings; the next start does it')
    })
  }

  private async open(topic: string): Promise<void> {
    const { log, logger, applicationId, conditions } = this.options
    const { signal } = this.closing
    while (!signal.aborted) {
      try {
        const table = await KeyValueTable.open<Instruction | undefined>({
          log,
          topic,
          logger,
          patienceMs: CATCH_UP_TIMEOUT_MS,
          codec: instructionCodec(applicationId),
          onChange: ({ key, value }) => {
            this.take(key, value)
            if (value !== undefined) this.options.onInstruction(value)
          },
          onFailure: (failure) => settingsCondition(conditions, topic, failure),
        })
        this.table = table
        return
      } catch (error) {
        if (LogError.is(error, 'LOG_CLOSED')) return
        await setTimeout(RETRY, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  private take(key: string, value: Instruction | undefined): void {
    if (value === undefined) this.byKey.delete(key)
    else this.byKey.set(key, value)
  }

  private of(partition: number): Instruction[] {
    return [...this.byKey.values()].filter((it) => it.partition === partition)
  }
}
