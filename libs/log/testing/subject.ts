import { randomUUID } from 'node:crypto'
import type { Log, LogError, LogErrorCode, TopicSpec } from '@quorate/log'
import type { LogUnderTest } from './log-under-test'

/** The log of one run of the suite, with names nobody has used. */
export class Subject {
  log!: Log
  /** Another process's view of it. */
  other!: Log
  private readonly run = randomUUID().slice(0, 8)
  private names = 0

  constructor(readonly underTest: LogUnderTest) {}

  async open(): Promise<void> {
    this.log = await this.underTest.open()
    this.other = (await this.underTest.openAnother?.(this.log)) ?? this.log
  }

  async close(): Promise<void> {
    if (this.other !== this.log) await this.other?.close()
    await this.log?.close()
  }

  name(word: string): string {
    return `${word}-${this.run}-${++this.names}`
  }

  spec(changes: Partial<TopicSpec> = {}): TopicSpec {
    return {
      name: this.name('topic'),
      partitions: 1,
      cleanupPolicy: 'delete',
      timestampType: 'LogAppendTime',
      ...changes,
    }
  }

  ensure(...specs: TopicSpec[]): Promise<void> {
    return this.log.ensureTopics(specs, { replication: this.underTest.replication ?? 1 })
  }

  /** Makes a topic and returns its name. */
  async topic(changes: Partial<TopicSpec> = {}): Promise<string> {
    const spec = this.spec(changes)
    await this.ensure(spec)
    return spec.name
  }
}

/** The LogError that a call rejects with; anything else fails the test. */
export async function refusal(call: Promise<unknown>, ...codes: LogErrorCode[]): Promise<LogError> {
  const outcome = await call.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  )
  expect(outcome).toEqual({ error: expect.objectContaining({ name: 'LogError' }) as unknown })
  const { error } = outcome as { error: LogError }
  expect(codes).toContain(error.code)
  return error
}
