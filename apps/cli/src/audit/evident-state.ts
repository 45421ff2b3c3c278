import { createHash } from 'node:crypto'
import type { AgentId, ObjectId, Snapshot } from '@quorate/contracts'
import { END, TABLE } from '@quorate/engine/core'
import { MemoryState, type VoteObject } from '@quorate/vote'

/** A hash of evidence, with numbers as doubles, because earlier releases rounded them when stored. */
export const evidenceMark = (evidence: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(JSON.parse(JSON.stringify(evidence))))
    .digest('base64url')
    .slice(0, 22)

/** A partition in memory that keeps a hash of each agent's evidence. */
export class EvidentState extends MemoryState {
  readonly #evidence = new Map<ObjectId, Map<AgentId, string>>()

  evidenceOf(id: ObjectId, agent: AgentId): string | undefined {
    return this.#evidence.get(id)?.get(agent)
  }

  override setEvidence(object?: VoteObject, agent?: AgentId, evidence?: unknown): void {
    this.#note(object!.id, agent!, evidence)
  }

  override deleteEvidence(object?: VoteObject, agent?: AgentId): void {
    this.#evidence.get(object!.id)?.delete(agent!)
  }

  override drop(object: VoteObject): void {
    super.drop(object)
    this.#evidence.delete(object.id)
  }

  override importRows(snapshot: Snapshot): void {
    for (const [table, key, value] of snapshot.rows) {
      if (table !== TABLE.evidence) continue
      const [id, agent] = key.split(END) as [ObjectId, AgentId]
      this.#note(id, agent, JSON.parse(Buffer.from(value, 'base64').toString('utf8')))
    }
    super.importRows(snapshot)
  }

  #note(id: ObjectId, agent: AgentId, evidence: unknown): void {
    const marks = this.#evidence.get(id) ?? new Map<AgentId, string>()
    this.#evidence.set(id, marks)
    marks.set(agent, evidenceMark(evidence))
  }
}
