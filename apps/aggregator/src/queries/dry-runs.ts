import { compareUtf8, type AgentSettings, type Fault, type PolicyInput } from '@quorate/contracts'
import { type Answer, type Call, invalid, json, Problem } from '@quorate/http'
import { guarded, locate, type Owners, type Peers } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import { formatPositions, type Positions } from './positions'
import { MAX_LISTED, trySettings, type Tried, type TriedCommand } from '@quorate/engine/core'
import { NO_RULES, type Rules } from '@quorate/vote'
import { refuseImport } from './importing'
import { type Missing, PARTS, reasonOf } from './parts'

/** What some partitions said. */
interface Part extends Tried {
  /** As they would be in force. */
  readonly settings?: object
  readonly faults?: readonly Fault[]
  readonly missing: readonly Missing[]
  readonly positions: Positions
}

const NOTHING = { evaluated: 0, changed: 0, updated: 0, deleted: 0, items: [], missing: [], positions: new Map() }
/** ms that a peer may take: it looks at every object that the policy matches. */
const PART_TIMEOUT_MS = 60_000

/**
 * Which objects a policy, or an agent's settings, would change: evaluated at the partitions' owners, written nowhere
 * (rest.md, `?dryRun=true`).
 */
export class DryRuns {
  constructor(
    private readonly owners: Owners,
    private readonly peers: Peers,
    private readonly rules: Rules = NO_RULES,
  ) {}

  /** The whole answer; or, where a peer asks for some partitions, their part of it. */
  policy(data: PolicyInput, call: Call, partitions?: readonly number[]): Promise<Answer> {
    return this.#run({ type: 'policy-set', data }, 'policy', call, partitions)
  }

  /** Likewise. */
  agent(data: AgentSettings, call: Call, partitions?: readonly number[]): Promise<Answer> {
    return this.#run({ type: 'agent-set', data }, 'agent', call, partitions)
  }

  async #run(
    command: TriedCommand,
    what: 'policy' | 'agent',
    call: Call,
    partitions: readonly number[] | undefined,
  ): Promise<Answer> {
    if (partitions !== undefined) return json(200, encodePart(await this.#parts(command, call, partitions)))
    const part = await this.#parts(command, call)
    if (part.faults !== undefined) throw invalid(part.faults, `the ${what}`)
    const [lacking] = part.missing
    // Nobody could judge the settings themselves.
    if (part.settings === undefined)
      throw new Problem(
        lacking?.reason ?? 'no-owner',
        'No partition can answer now, so nothing can be said. Try again.',
      )
    return json(200, answerText(part, what, part.settings), { 'quorate-position': formatPositions(part.positions) })
  }

  async #parts(command: TriedCommand, call: Call, partitions?: readonly number[]): Promise<Part> {
    const { here, elsewhere, missing } = locate(this.owners, call.forwarded, partitions)
    const remote = Promise.all([...elsewhere].map(([url, asked]) => this.#remote(url, asked, call)))
    const parts: Part[] = [{ ...NOTHING, missing }]
    // One after the other: each takes the event loop for as long as its slices last.
    for (const task of here) parts.push(await this.#local(task, command))
    return merged([...parts, ...(await remote)])
  }

  async #local(task: RunningTask, command: TriedCommand): Promise<Part> {
    const { partition } = task
    try {
      const positions = new Map([[partition, task.position - 1]])
      const said = await guarded(task, () => {
        refuseImport(task)
        return trySettings(task, command, this.rules)
      })
      if (!(await this.owners.leaseHeld(task))) return { ...NOTHING, missing: [{ partition, reason: 'rebalancing' }] }
      if (said.settings === undefined) return { ...NOTHING, faults: said.faults }
      return { ...said.tried, settings: said.settings, missing: [], positions }
    } catch (error) {
      return { ...NOTHING, missing: [{ partition, reason: reasonOf(error) }] }
    }
  }

  async #remote(url: string, partitions: readonly number[], call: Call): Promise<Part> {
    try {
      const headers = { [PARTS]: partitions.join(',') }
      const answer = await this.peers.forward(url, call, {
        headers,
        answerMs: PART_TIMEOUT_MS,
        pool: 'lists',
        reads: true,
      })
      if (answer.status !== 200) throw new Problem('owner-unreachable', `The owner (${url}) answered ${answer.status}.`)
      return decodePart(String(answer.body))
    } catch (error) {
      const reason = reasonOf(error)
      return { ...NOTHING, missing: partitions.map((partition) => ({ partition, reason })) }
    }
  }
}

function merged(parts: readonly Part[]): Part {
  const sum = (count: (part: Part) => number) => parts.reduce((all, part) => all + count(part), 0)
  const items = parts.flatMap(({ items }) => items).sort((a, b) => compareUtf8(a.id, b.id))
  const settings = parts.find((part) => part.settings !== undefined)?.settings
  const faults = parts.find((part) => part.faults !== undefined)?.faults
  return {
    evaluated: sum((part) => part.evaluated),
    changed: sum((part) => part.changed),
    updated: sum((part) => part.updated),
    deleted: sum((part) => part.deleted),
    items: items.slice(0, MAX_LISTED),
    missing: parts.flatMap(({ missing }) => missing).sort((a, b) => a.partition - b.partition),
    positions: new Map(parts.flatMap(({ positions }) => [...positions])),
    ...(settings === undefined ? {} : { settings }),
    ...(faults === undefined ? {} : { faults }),
  }
}

function answerText(part: Part, what: string, settings: object): string {
  const { evaluated, changed, updated, deleted, items, missing } = part
  const unlisted = changed + updated + deleted - items.length
  const counts = `"evaluated":${evaluated},"changed":${changed},"updated":${updated},"deleted":${deleted}`
  const list = `"items":[${items.map(({ text }) => text).join(',')}],"unlisted":${unlisted}`
  return `{"${what}":${JSON.stringify(settings)},${counts},${list},"complete":${missing.length === 0},"missing":${JSON.stringify(missing)}}`
}

const encodePart = ({ positions, ...part }: Part): string => JSON.stringify({ ...part, positions: [...positions] })

function decodePart(text: string): Part {
  const { positions, ...part } = JSON.parse(text) as Omit<Part, 'positions'> & { positions: [number, number][] }
  return { ...part, positions: new Map(positions) }
}
