import type {
  AgentAnswer,
  AgentInput,
  AgentTrial,
  BulkAnswer,
  BulkReport,
  Explanation,
  Freshness,
  HistoryEntry,
  ObjectAnswer,
  ObjectPage,
  ObjectView,
  OverrideInput,
  PolicyAnswer,
  PolicyTrial,
  ReportInput,
  Written,
  WrittenObject,
} from './answers'
import { sendBulk } from './bulk'
import { Caller, type CallerOptions, segment } from './caller'
import { DeadLetters } from './dead-letters'
import { Partitions } from './partitions'
import { ProblemError } from './problem-error'
import { type StatesEvent, type StatesOptions, statesStream } from './states-stream'

export interface ReadOptions {
  /** A position that a write answered: the read waits until it has been applied. */
  readonly minPosition?: string
  /** s to wait for it; 5 by default. */
  readonly wait?: number
  readonly signal?: AbortSignal
  /** Is told how new the answer is, where the method does not return it. */
  readonly onFreshness?: (freshness: Freshness) => void
}

export interface WriteOptions {
  /**
   * The ETag of what the caller has seen: the write fails with 412 when the object has changed since. Without it the
   * object is looked up first, so only a change between the two requests fails it.
   */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}

export interface EndOptions extends WriteOptions {
  /** Why; kept with the change. The author is the caller. */
  readonly reason?: string
}

export interface ReportOptions {
  /** s to wait until the report has been applied; without it the answer comes as soon as it is in the log. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

export interface ListOptions {
  readonly state?: string
  readonly voted?: string
  readonly contested?: boolean
  readonly stale?: boolean
  readonly flapping?: boolean
  readonly divergent?: boolean
  readonly overridden?: boolean
  readonly prefix?: string
  /** Objects a page: 100 by default, 10,000 at most. */
  readonly limit?: number
  readonly cursor?: string
  /** `refuse`: a 503 instead of a page from which partitions are missing. */
  readonly partial?: 'refuse'
  readonly signal?: AbortSignal
}

/**
 * What agents and operators ask a Quorate server, in TypeScript; works with any instance. Every method throws
 * `ProblemError` when the server refuses (docs/errors.md lists the codes) and `UnreachableError` when nothing answers.
 * What the server asks to try again is tried again, boundedly.
 */
export class QuorateClient {
  readonly deadLetters: DeadLetters
  readonly partitions: Partitions
  private readonly caller: Caller

  constructor(options: CallerOptions = {}) {
    this.caller = new Caller(options)
    this.deadLetters = new DeadLetters(this.caller)
    this.partitions = new Partitions(this.caller)
  }

  get url(): string {
    return this.caller.url
  }

  // --- Agents

  /** Reports one agent's opinion on one object. With `wait`, `view` is the object after it was applied. */
  async report(
    object: string,
    agent: string,
    report: ReportInput,
    options: ReportOptions = {},
  ): Promise<WrittenObject> {
    return this.write({
      method: 'PUT',
      path: `${path(object)}/reports/${segment(agent)}`,
      query: { wait: seconds(options.wait) },
      body: report,
      signal: options.signal,
    })
  }

  /** Sends any number of reports, in order and in bounded memory; answers once all are in the log. */
  reportAll(reports: Iterable<BulkReport> | AsyncIterable<BulkReport>, signal?: AbortSignal): Promise<BulkAnswer> {
    return sendBulk(this.caller, reports, signal)
  }

  /** Takes an agent's report away, as an operator. */
  removeReport(object: string, agent: string, signal?: AbortSignal): Promise<WrittenObject> {
    return this.write({ method: 'DELETE', path: `${path(object)}/reports/${segment(agent)}`, signal })
  }

  // --- Objects

  async get(object: string, options: ReadOptions = {}): Promise<ObjectAnswer> {
    const { body, headers } = await this.caller.json<ObjectView>({ path: path(object), ...reading(options) })
    return { view: body, etag: headers.get('etag') ?? '', freshness: freshness(headers) }
  }

  /** How the state comes about: each agent's standing, the tally, the quorum, what would change it. */
  async explanation(object: string, options: ReadOptions = {}): Promise<Explanation> {
    const call = { path: `${path(object)}/explanation`, ...reading(options) }
    const { body, headers } = await this.caller.json<Explanation>(call)
    options.onFreshness?.(freshness(headers))
    return body
  }

  /** The last changes, newest first. */
  async history(object: string, options: ReadOptions = {}): Promise<readonly HistoryEntry[]> {
    type Answer = readonly HistoryEntry[] | { readonly items: readonly HistoryEntry[] }
    const { body, headers } = await this.caller.json<Answer>({ path: `${path(object)}/history`, ...reading(options) })
    options.onFreshness?.(freshness(headers))
    return 'items' in body ? body.items : body
  }

  async page({ signal, ...query }: ListOptions = {}): Promise<ObjectPage> {
    return (await this.caller.json<ObjectPage>({ path: '/v1/objects', query, signal })).body
  }

  /**
   * Every object that matches, page by page. Throws when a partition could not answer, unless `onMissing` takes note of
   * it.
   */
  async *list(
    options: Omit<ListOptions, 'cursor' | 'partial'> & {
      onMissing?: (missing: ObjectPage['missing']) => void
      /** Objects that are left out since their stored rows cannot be read. */
      onUnreadable?: (objects: readonly string[]) => void
    } = {},
  ): AsyncGenerator<ObjectView> {
    const { onMissing, onUnreadable, ...filter } = options
    let cursor: string | undefined
    do {
      const asked: ListOptions = { ...filter, ...(cursor === undefined ? {} : { cursor }) }
      const page = await this.page(onMissing ? asked : { ...asked, partial: 'refuse' })
      if (page.missing.length > 0) onMissing?.(page.missing)
      if (page.unreadable !== undefined) onUnreadable?.(page.unreadable)
      yield* page.items
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** The snapshot of all states, then every change as it happens; reconnects by itself, without gap or repeat. */
  states(options: StatesOptions = {}): AsyncGenerator<StatesEvent> {
    return statesStream(this.caller, options)
  }

  // --- Operators

  async setOverride(object: string, override: OverrideInput, options: WriteOptions = {}): Promise<WrittenObject> {
    return this.guarded(object, { method: 'PUT', path: `${path(object)}/override`, body: override }, options)
  }

  async clearOverride(object: string, { reason, ...options }: EndOptions = {}): Promise<WrittenObject> {
    return this.guarded(object, { method: 'DELETE', path: `${path(object)}/override`, query: { reason } }, options)
  }

  /** Forgets the object: its reports, its override, its history. */
  async delete(object: string, { reason, ...options }: EndOptions = {}): Promise<WrittenObject> {
    return this.guarded(object, { method: 'DELETE', path: path(object), query: { reason } }, options)
  }

  // --- Policies

  async policies(): Promise<readonly PolicyAnswer[]> {
    type Answer = readonly PolicyAnswer[] | { readonly items: readonly PolicyAnswer[] }
    const { body } = await this.caller.json<Answer>({ path: '/v1/policies' })
    return 'items' in body ? body.items : body
  }

  async policy(name: string): Promise<PolicyAnswer> {
    return (await this.caller.json<PolicyAnswer>({ path: `/v1/policies/${segment(name)}` })).body
  }

  /** `name` is in the path; it may be left out of `policy`. */
  putPolicy(name: string, policy: Readonly<Record<string, unknown>>): Promise<Written> {
    return this.write({ method: 'PUT', path: `/v1/policies/${segment(name)}`, body: policy })
  }

  deletePolicy(name: string): Promise<Written> {
    return this.write({ method: 'DELETE', path: `/v1/policies/${segment(name)}` })
  }

  /** Which objects the policy would change, and how; nothing is written. Refused as `putPolicy` would be. */
  async tryPolicy(name: string, policy: Readonly<Record<string, unknown>>): Promise<PolicyTrial> {
    return this.tried(`/v1/policies/${segment(name)}`, policy)
  }

  // --- Settings of agents

  /** Those that have some. */
  async agents(): Promise<readonly AgentAnswer[]> {
    return (await this.caller.json<{ readonly items: readonly AgentAnswer[] }>({ path: '/v1/agents' })).body.items
  }

  async agent(agent: string): Promise<AgentAnswer> {
    return (await this.caller.json<AgentAnswer>({ path: `/v1/agents/${segment(agent)}` })).body
  }

  /** Replaces all of them: what is absent is weight 1, not muted. */
  putAgent(agent: string, settings: AgentInput): Promise<Written> {
    return this.write({ method: 'PUT', path: `/v1/agents/${segment(agent)}`, body: settings })
  }

  /** Takes the agent away: its settings, and its reports on every object. */
  removeAgent(agent: string): Promise<Written> {
    return this.write({ method: 'DELETE', path: `/v1/agents/${segment(agent)}` })
  }

  /** Which objects the settings would change, and how; nothing is written. */
  async tryAgent(agent: string, settings: AgentInput): Promise<AgentTrial> {
    return this.tried(`/v1/agents/${segment(agent)}`, settings)
  }

  // --- The cluster

  /** Partitions with owner, role, state and lag; members, and whether each can be reached. */
  async cluster(): Promise<Readonly<Record<string, unknown>>> {
    return (await this.caller.json<Readonly<Record<string, unknown>>>({ path: '/v1/cluster' })).body
  }

  private async tried<T>(path: string, body: unknown): Promise<T> {
    return (await this.caller.json<T>({ method: 'PUT', path, query: { dryRun: true }, body })).body
  }

  private async guarded(
    object: string,
    call: Parameters<Caller['send']>[0],
    { ifMatch, signal }: WriteOptions,
  ): Promise<WrittenObject> {
    const seen = ifMatch ?? (await this.etagOf(object, signal))
    return this.write({ ...call, headers: { 'if-match': seen }, signal })
  }

  private async etagOf(object: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      return (await this.get(object, signal ? { signal } : {})).etag
    } catch (error) {
      // What is not there needs no If-Match.
      if (ProblemError.is(error, 'not-found')) return undefined
      throw error
    }
  }

  private async write(call: Parameters<Caller['send']>[0]): Promise<WrittenObject> {
    const { body, headers } = await this.caller.json<(ObjectView & { position?: string }) | undefined>(call)
    const position = headers.get('quorate-position') ?? body?.position ?? ''
    return body !== undefined && 'object' in body ? { position, view: body } : { position }
  }
}

const path = (object: string) => `/v1/objects/${segment(object)}`
const seconds = (wait: number | undefined) => (wait === undefined ? undefined : `${wait}s`)

const reading = ({ minPosition, wait, signal }: ReadOptions) => ({
  headers: { 'quorate-min-position': minPosition },
  query: { wait: seconds(wait) },
  signal,
})

const freshness = (headers: Headers): Freshness => ({
  partition: Number(headers.get('quorate-partition')),
  owner: headers.get('quorate-owner') ?? '',
  role: headers.get('quorate-role') ?? '',
  position: headers.get('quorate-position') ?? '',
  lag: headers.has('quorate-lag') ? Number(headers.get('quorate-lag')) : undefined,
  asOf: headers.get('quorate-as-of') ?? '',
})
