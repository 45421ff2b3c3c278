import type { AgentStanding, Freshness } from '@quorate/client'
import type { Settings, VoteObject } from '@quorate/vote'
import { evidenceMark, type EvidentState } from './evident-state'

/** A report and its weight, as text. `at`: ms. */
interface Shown {
  readonly agent: string
  readonly state: string
  readonly seq: number | null
  readonly at: number
  readonly ttl: number
  readonly weight: number
  readonly group: string | null
  readonly evidence: string | null
}

const textOf = (reports: readonly Shown[]): string =>
  reports
    .map(({ agent, state, seq, at, ttl, weight, group, evidence }) =>
      JSON.stringify({ agent, state, seq, at, ttl, weight, group, evidence }),
    )
    .sort()
    .join(' ')

/** From an explanation by REST: ages count from the time of its partition. */
export function shownReports(agents: readonly AgentStanding[], { asOf }: Freshness): string {
  const now = Date.parse(asOf)
  return textOf(
    agents.map(({ agent, state, seq = null, age, ttl, weight, group = null, evidence = null }) => ({
      ...{ agent, state, seq, at: now - age, ttl, weight, group },
      evidence: evidence === null ? null : evidenceMark(evidence),
    })),
  )
}

/** The same from the replay. */
export function expectedReports(object: VoteObject, settings: Settings, state: EvidentState): string {
  const { id, rows, createdAt } = object
  const inForce = settings.policyOf(id)
  return textOf(
    rows.map((row) => ({
      ...{ agent: row.agent, state: row.state, seq: row.seq < 0 ? null : row.seq, at: createdAt + row.at },
      ttl: row.ttl === 0 ? inForce.ttl : Math.min(row.ttl, inForce.ttl),
      weight: settings.agent(row.agent).weight,
      group: inForce.groups.length === 0 ? null : inForce.groups[inForce.groupOf(row.agent)]!,
      evidence: state.evidenceOf(id, row.agent) ?? null,
    })),
  )
}
