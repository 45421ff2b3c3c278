import type {
  Appended,
  GroupMember,
  Log,
  LogBatch,
  MemberOptions,
  Offset,
  OutRecord,
  PartitionReader,
  ReaderOptions,
  SourceOffset,
  TopicSpec,
  Transaction,
  Transactor,
} from '@quorate/log'
import { LogError } from '@quorate/log'
import { CrashError, type Fault } from './fault'
import { FaultyMember } from './faulty-member'
import { FaultyTransactor } from './faulty-transactor'
import type { Life } from './life'

/**
 * One process's view of a shared log, which fails where a test says. A crash ends this view alone: its readers and
 * calls reject with CrashError, its members fall out of their groups unheard, and the log underneath lives on. So does
 * it when the view is closed.
 */
export function faultyLog(log: Log, faults: readonly Fault[] = []): FaultyLog {
  return new FaultyLog(log, faults)
}

export class FaultyLog implements Log, Life {
  readonly kind: Log['kind']
  /** Commits asked for so far, all and by identity. */
  commits = 0
  private readonly commitsOf = new Map<string, number>()
  private readonly faults: Fault[]
  private readonly readers = new Set<PartitionReader>()
  private readonly members = new Set<FaultyMember>()
  private state: 'open' | 'closed' | 'crashed' = 'open'
  private ending: Error | undefined
  /** Ends the calls that are in flight. */
  private readonly inFlight = new Set<(error: Error) => void>()

  constructor(
    private readonly log: Log,
    faults: readonly Fault[],
  ) {
    this.kind = log.kind
    this.faults = [...faults]
  }

  get crashed(): boolean {
    return this.state === 'crashed'
  }

  /** One more fault; commits are counted from the beginning. */
  inject(fault: Fault): void {
    this.faults.push(fault)
  }

  /** As if the process had been killed now. */
  crash(): void {
    void this.finish('crashed', new CrashError())
  }

  ensureTopics(specs: readonly TopicSpec[], options?: { replication?: number }) {
    return this.alive(() => this.log.ensureTopics(specs, options))
  }
  mismatches(spec: TopicSpec, options?: { replication?: number }) {
    return this.alive(() => this.log.mismatches(spec, options))
  }
  describeTopic(name: string) {
    return this.alive(() => this.log.describeTopic(name))
  }
  offsets(topic: string) {
    return this.alive(() => this.log.offsets(topic))
  }
  append(records: readonly OutRecord[]) {
    return this.alive(() => this.log.append(records))
  }
  divergence(topic: string, partition: number, offset: Offset, epoch: number) {
    return this.alive(() => this.log.divergence(topic, partition, offset, epoch))
  }
  committed(group: string, topic: string, partitions: readonly number[]) {
    return this.alive(() => this.log.committed(group, topic, partitions))
  }

  async fence(id: string): Promise<Transactor> {
    const inner = await this.alive(() => this.log.fence(id))
    return new FaultyTransactor(inner, (transaction) => this.commit(inner, transaction), this)
  }

  reader(options: ReaderOptions): PartitionReader {
    const inner = this.log.reader(options)
    const reader: PartitionReader = {
      get position(): Offset {
        return inner.position
      },
      next: (maxWaitMs?: number): Promise<LogBatch> => this.alive(() => inner.next(maxWaitMs)),
      close: () => {
        this.readers.delete(reader)
        inner.close()
      },
    }
    if (this.state === 'open') this.readers.add(reader)
    else inner.close()
    return reader
  }

  async join(options: MemberOptions): Promise<GroupMember> {
    const member = new FaultyMember(this, options, (gone) => this.members.delete(gone))
    this.members.add(member)
    return this.alive(() => member.join(this.log))
  }

  /** Ends this view; the log underneath stays open. */
  async close(): Promise<void> {
    await this.finish('closed', new LogError('LOG_CLOSED', 'this view of the log.'))
  }

  alive<T>(call: () => Promise<T>): Promise<T> {
    if (this.ending) return Promise.reject(this.ending)
    return new Promise((resolve, reject) => {
      this.inFlight.add(reject)
      call()
        .finally(() => this.inFlight.delete(reject))
        .then(resolve, reject)
    })
  }

  get open(): boolean {
    return this.state === 'open'
  }

  private finish(state: 'closed' | 'crashed', error: Error): Promise<unknown> {
    if (this.state !== 'open') return Promise.resolve()
    this.state = state
    this.ending = error
    for (const reject of [...this.inFlight]) reject(error)
    this.inFlight.clear()
    for (const reader of [...this.readers]) reader.close()
    return Promise.allSettled([...this.members].map((member) => member.dropOut()))
  }

  private commit(transactor: Transactor, transaction: Transaction): Promise<Appended[]> {
    return this.alive(() => this.faultyCommit(transactor, transaction))
  }

  private async faultyCommit(transactor: Transactor, transaction: Transaction): Promise<Appended[]> {
    switch (this.dueFault(transactor.id)?.kind) {
      case undefined:
        return transactor.commit(transaction)
      case 'crash-before':
        this.crash()
        throw new CrashError()
      case 'crash-after':
        await transactor.commit(transaction)
        this.crash()
        throw new CrashError()
      case 'unknown-lost':
        throw injected('LOG_OUTCOME_UNKNOWN', transactor.id)
      case 'unknown-durable':
        await transactor.commit(transaction)
        throw injected('LOG_OUTCOME_UNKNOWN', transactor.id)
      case 'fenced':
        await this.log.fence(transactor.id)
        return transactor.commit(transaction)
      case 'stale-member':
        throw injected('LOG_STALE_MEMBER', nameOf(transaction.source))
      case 'unavailable':
        throw injected('LOG_UNAVAILABLE', transactor.id)
    }
  }

  private dueFault(id: string): Fault | undefined {
    const all = ++this.commits
    const own = (this.commitsOf.get(id) ?? 0) + 1
    this.commitsOf.set(id, own)
    return this.faults.find((fault) =>
      fault.id === undefined ? fault.commit === all : fault.id === id && fault.commit === own,
    )
  }
}

const injected = (code: 'LOG_OUTCOME_UNKNOWN' | 'LOG_STALE_MEMBER' | 'LOG_UNAVAILABLE', what: string) =>
  new LogError(code, `${what} (a test said so).`)

const nameOf = (source: SourceOffset | undefined): string => source?.member?.memberId ?? 'the member'
