import {
  type AgentId,
  type AgentSettings,
  DEFAULT_POLICY,
  DEFAULT_POLICY_NAME,
  encodeSource,
  type PolicyInput,
  type SourceCommand,
} from '@quorate/contracts'
import { type Answer, invalid, json, noContent, Problem } from '@quorate/http'
import type { Owners } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import type { IdempotentAnswers } from '../requests/idempotent-answers'
import { type RequestKey, requestHeader } from '@quorate/engine/core'
import { refuseImport } from './importing'
import type { ReadOptions } from './objects'
import { formatPositions, lastOf } from './positions'
import type { Reading } from './reading'
import { upTo } from './waiting'
import { accepted, appended } from './writes'

/**
 * Policies and agents' settings, at the owner of partition 0: it reads its own copy and writes to every partition at
 * once.
 */
export class BroadcastSettings {
  constructor(
    private readonly reading: Reading,
    private readonly owners: Owners,
    private readonly answers: IdempotentAnswers,
  ) {}

  async policies(task: RunningTask, options: ReadOptions): Promise<Answer> {
    await upTo(task, options.bound, options.waitMs)
    refuseImport(task)
    return this.#shown(task, { items: [...this.reading.policies(task), DEFAULT_POLICY] })
  }

  async policy(task: RunningTask, name: string, options: ReadOptions): Promise<Answer> {
    await upTo(task, options.bound, options.waitMs)
    const policy = name === DEFAULT_POLICY_NAME ? DEFAULT_POLICY : this.#policy(task, name)
    if (!policy) throw this.#missing(task, `policy ${JSON.stringify(name)}`)
    return this.#shown(task, policy)
  }

  async putPolicy(
    task: RunningTask,
    name: string,
    body: unknown,
    waitMs: number,
    request?: RequestKey,
  ): Promise<Answer> {
    const data = policyOf(name, body)
    const { policy, faults } = this.reading.judge(task, data)
    if (faults) throw invalid(faults, 'the policy')
    return this.answers.once(request, () =>
      this.#broadcast(
        task,
        { type: 'policy-set', data },
        waitMs,
        (written) => this.#shown(task, this.#policy(task, name) ?? policy, written),
        request,
      ),
    )
  }

  async deletePolicy(task: RunningTask, name: string, waitMs: number): Promise<Answer> {
    if (name === DEFAULT_POLICY_NAME)
      throw new Problem('conflict', 'The built-in policy cannot be deleted: it is in force where no other matches.')
    if (!this.#policy(task, name)) throw this.#missing(task, `policy ${JSON.stringify(name)}`)
    return this.#broadcast(task, { type: 'policy-deleted', data: { name } }, waitMs, noContent)
  }

  async agents(task: RunningTask, options: ReadOptions): Promise<Answer> {
    await upTo(task, options.bound, options.waitMs)
    refuseImport(task)
    return this.#shown(task, { items: this.reading.agents(task) })
  }

  async agent(task: RunningTask, agent: AgentId, options: ReadOptions): Promise<Answer> {
    await upTo(task, options.bound, options.waitMs)
    const settings = this.reading.agent(task, agent)
    if (!settings) throw this.#missing(task, `agent with settings named ${JSON.stringify(agent)}`)
    return this.#shown(task, settings)
  }

  async putAgent(
    task: RunningTask,
    settings: Required<AgentSettings>,
    waitMs: number,
    request?: RequestKey,
  ): Promise<Answer> {
    return this.answers.once(request, () =>
      this.#broadcast(
        task,
        { type: 'agent-set', data: settings },
        waitMs,
        (written) => this.#shown(task, settings, written),
        request,
      ),
    )
  }

  async removeAgent(task: RunningTask, agent: AgentId, waitMs: number): Promise<Answer> {
    return this.#broadcast(task, { type: 'agent-removed', data: { agent } }, waitMs, noContent)
  }

  #policy(task: RunningTask, name: string) {
    return this.reading.policies(task).find((policy) => policy.name === name)
  }

  #shown(task: RunningTask, body: object, headers: Readonly<Record<string, string>> = {}): Answer {
    return json(200, JSON.stringify(body), { ...this.owners.freshness(task), ...headers })
  }

  #missing(task: RunningTask, what: string): Problem {
    refuseImport(task)
    return new Problem('not-found', `There is no ${what}.`, { headers: this.owners.freshness(task) })
  }

  /**
   * Written everywhere; waited for here, where it was asked. Other partitions apply it at their own place: a read of
   * them can carry the position.
   */
  async #broadcast(
    task: RunningTask,
    command: SourceCommand,
    waitMs: number,
    then: (headers: Record<string, string>) => Answer,
    request?: RequestKey,
  ): Promise<Answer> {
    const { value, headers } = encodeSource(command)
    const more = request ? [requestHeader(request)] : []
    const positions = await this.owners.streams.broadcast({ key: null, value, headers: [...headers, ...more] })
    if (waitMs === 0) return accepted(positions)
    const bound = lastOf(positions)
    const written = { 'quorate-position': formatPositions(bound) }
    return appended(task, written, async () => {
      await upTo(task, bound, waitMs)
      const outcome = this.reading.outcome(task.partition, bound.get(task.partition)!)
      if (typeof outcome === 'object')
        throw new Problem('invalid', `It was put among the dead letters: ${outcome.reject}.`, { headers: written })
      return then({ ...this.owners.freshness(task), ...written })
    })
  }
}

/** A policy from a request: its name is in the path, and may be repeated in the body. @throws Problem 422 */
export function policyOf(name: string, body: unknown): PolicyInput {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid([{ pointer: '', detail: 'must be an object' }], 'the policy')
  const named = (body as { name?: unknown }).name ?? name
  if (named !== name)
    throw invalid(
      [{ pointer: '/name', detail: `must be as in the path (${JSON.stringify(name)}), or left out` }],
      'the policy',
    )
  return { ...body, name } as PolicyInput
}
