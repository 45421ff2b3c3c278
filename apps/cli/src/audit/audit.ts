import { setTimeout as sleep } from 'node:timers/promises'
import type { Writable } from 'node:stream'
import { changeSource, consumerGroup, topicNames } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import type { QuorateClient } from '@quorate/client'
import { NO_RULES, type Rules } from '@quorate/vote'
import { stretches } from '../simulate/source-topic'
import { beginningOf, type Beginning } from './beginning'
import { changelogStretch, CommittedPartition } from './committed'
import { CannotJudge, type Difference, differenceText } from './difference'
import { PartitionAudit, type PartitionAnswer, type Sighting } from './partition-audit'
import { listed, lookedAt } from './sightings'
import { LeftOut } from '../simulate/left-out'
import { ToldPartition } from './told'

export interface AuditOptions {
  readonly log: Log
  /** Reads the store; undefined: audit only changelog and sink. */
  readonly client: QuorateClient | undefined
  readonly prefix: string
  readonly applicationId: string
  readonly output: Writable
  readonly json?: boolean
  /** Rules registered in code; must be those of the server. */
  readonly rules?: Rules
}

export const AUDIT_EXIT = { same: 0, different: 1, cannotJudge: 2 } as const

/** How often a suspected difference is checked again because the system moved on; then the audit gives up. */
const ROUNDS = 10
/** ms between two rounds. */
const PAUSE = 300

interface Round {
  readonly answer: PartitionAnswer
  readonly beginning: Beginning
  readonly start: number
  /** Everything in the source had been committed, and nothing arrived meanwhile. */
  readonly quiet: boolean
  /** Records that operators skipped. */
  readonly skipped: readonly string[]
}

/**
 * `quorate audit`: decides every partition of the source again and compares the store (through REST), the changelog and
 * the sink with the result, each at its own position in the source. A suspected difference is checked again until it is
 * gone, or the system is at rest, or it was seen at two positions, so that no false difference is reported. Resolves
 * with the exit code.
 */
export async function runAudit(options: AuditOptions): Promise<number> {
  const { output, json = false } = options
  try {
    const { rounds, differences } = await new Audit(options).run()
    const [first] = differences
    if (first !== undefined) {
      const more = differences.length - 1
      output.write(
        json
          ? `${JSON.stringify({ audit: 'different', first, more })}\n`
          : `${differenceText(first)}${more === 0 ? '' : `and ${more} more\n`}`,
      )
      return AUDIT_EXIT.different
    }
    return said(rounds, options)
  } catch (error) {
    if (!(error instanceof CannotJudge)) throw error
    output.write(
      json
        ? `${JSON.stringify({ audit: 'cannot-judge', reason: error.message })}\n`
        : `CANNOT JUDGE  ${error.message}\n`,
    )
    return AUDIT_EXIT.cannotJudge
  }
}

class Audit {
  readonly #names: ReturnType<typeof topicNames>
  /** The position at which a difference was seen, by its identity. */
  readonly #seen = new Map<string, number>()

  readonly #options: AuditOptions

  constructor(options: AuditOptions) {
    this.#options = options
    this.#names = topicNames(options.prefix)
  }

  async run(): Promise<{ rounds: readonly Round[]; differences: Difference[] }> {
    const { log, client } = this.#options
    if (client !== undefined) await this.#checkDeployment(client)
    const source = await stretches(log, this.#names.reports)
    const store = client === undefined ? undefined : await listed(client, source.length)
    const rounds: Round[] = []
    const differences: Difference[] = []
    for (const { partition } of source) {
      const { round, found } = await this.#partition(partition, store?.[partition])
      rounds.push(round)
      differences.push(...found)
    }
    differences.sort((a, b) => placeOf(a) - placeOf(b))
    return { rounds, differences }
  }

  /** The server must belong to the deployment whose topics are read: otherwise all objects would seem to differ. */
  async #checkDeployment(client: QuorateClient): Promise<void> {
    const { prefix, applicationId } = this.#options
    const { group } = await client.cluster()
    const expected = consumerGroup(prefix, applicationId)
    if (group !== expected)
      throw new CannotJudge(
        `The server has another prefix: its group is ${JSON.stringify(group)}, but the topics given here ` +
          `belong to ${JSON.stringify(expected)}. ` +
          'Set QUORATE_TOPIC_PREFIX (or --application-id) as on the server, or name its server with --url.',
      )
  }

  /** Compares until only certain differences are suspected. */
  async #partition(
    partition: number,
    all: readonly Sighting[] | undefined,
  ): Promise<{ round: Round; found: Difference[] }> {
    const { client } = this.#options
    let everything = all !== undefined
    let sightings = await this.#withDetails(partition, all ?? [])
    let first: Round | undefined
    for (let tries = 0; tries < ROUNDS; tries++) {
      const round = await this.#round(partition, sightings, everything)
      first ??= round
      const suspected = round.answer.differences
      // The list does not contain the position of each object: request a suspected object on its own first.
      const found = suspected.filter((it) => !(everything && it.where === 'store') && this.#isSure(it, round))
      if (suspected.length === 0 || found.length > 0) return { round: first, found }
      const objects = suspected.filter(({ where }) => where === 'store').map(({ object }) => object)
      if (!everything || objects.length === 0) await sleep(PAUSE)
      everything = false
      const end = await this.#sourceEnd(partition)
      sightings = client === undefined ? [] : await lookedAt(client, objects, partition, end)
    }
    throw new CannotJudge(`Partition ${partition} kept moving, or did not move while it was behind. Try again.`)
  }

  /** What the list shows, with the reports and the history of each of its objects. */
  async #withDetails(partition: number, all: readonly Sighting[]): Promise<readonly Sighting[]> {
    const { client } = this.#options
    if (client === undefined || all.length === 0) return all
    const objects = all.map(({ object }) => object)
    const end = await this.#sourceEnd(partition)
    return [...all, ...(await lookedAt(client, objects, partition, end, 'details'))]
  }

  async #round(partition: number, sightings: readonly Sighting[], everything: boolean): Promise<Round> {
    const { log, prefix, applicationId, rules = NO_RULES } = this.#options
    const before = await this.#sourceEnd(partition)
    const changelog = await changelogStretch(log, this.#names.changelog(applicationId), partition)
    const committed = await CommittedPartition.read(log, changelog, rules)
    try {
      const sink = await changelogStretch(log, this.#names.states, partition)
      // Read last: nothing that was read above can be newer.
      const stretch = await changelogStretch(log, this.#names.reports, partition)
      const applied = committed.checkpoint?.source ?? 0
      if (applied < stretch.start)
        throw new CannotJudge(
          `Partition ${partition} of the source begins at ${stretch.start}, but only records below ${applied} ` +
            'have been applied: records were lost to its retention.',
        )
      const leftOut = await LeftOut.read(log, this.#names.deadLetters, this.#names.reports, partition)
      const beginning = await beginningOf(log, stretch, committed.settings(), rules)
      // A reshard is also recorded in the source; a recreated source is known only from here.
      const base = committed.incarnationBase
      const from = beginning.judgedFrom === 0 ? 0 : beginning.judgedFrom + base
      const told = await ToldPartition.read(log, sink, changeSource(prefix, applicationId), from)
      const question = { log, stretch, beginning, base, from, rules, committed, told, sightings, everything, leftOut }
      const answer = await new PartitionAudit(question).run()
      const quiet = applied === stretch.end && before === stretch.end
      return { answer, beginning, start: stretch.start, quiet, skipped: leftOut.skipped }
    } finally {
      committed.close()
    }
  }

  #isSure(it: Difference, { quiet }: Round): boolean {
    // Of the sink, only events that were certainly committed, and that the source produces, are compared.
    if (quiet || it.where === 'sink') return true
    const key = JSON.stringify([it.where, it.partition, it.object, it.what])
    const at = this.#seen.get(key)
    this.#seen.set(key, it.offsets.source)
    return at !== undefined && at !== it.offsets.source
  }

  async #sourceEnd(partition: number): Promise<number> {
    return (await changelogStretch(this.#options.log, this.#names.reports, partition)).end
  }
}

const placeOf = ({ offsets }: Difference): number => offsets.trigger ?? offsets.source

function said(rounds: readonly Round[], { client, output, json = false }: AuditOptions): number {
  const judged = rounds.reduce((sum, { answer }) => sum + answer.judged, 0)
  const unjudged = rounds.reduce((sum, { answer }) => sum + answer.unjudged, 0)
  const cut = rounds.flatMap(({ beginning, start, answer }, partition) =>
    start === 0 ? [] : [{ partition, start, judgedFrom: beginning.judgedFrom, unjudged: answer.unjudged }],
  )
  const code = judged === 0 && unjudged > 0 ? AUDIT_EXIT.cannotJudge : AUDIT_EXIT.same
  const compared = [...(client === undefined ? [] : ['store']), 'changelog', 'sink']
  if (json) {
    const audit = code === AUDIT_EXIT.same ? 'same' : 'cannot-judge'
    const skipped = rounds.flatMap(({ skipped: said }, partition) => said.map((offsets) => ({ partition, offsets })))
    const more = skipped.length === 0 ? {} : { skipped }
    output.write(`${JSON.stringify({ audit, partitions: rounds.length, compared, judged, unjudged, cut, ...more })}\n`)
    return code
  }
  for (const { partition, start, judgedFrom } of cut)
    output.write(
      `partition ${partition}: the source begins at offset ${start}; only objects created at ${judgedFrom} or ` +
        `later are judged\n`,
    )
  for (const [partition, { skipped }] of rounds.entries())
    for (const offsets of skipped)
      output.write(`partition ${partition}: offset ${offsets} was skipped; it is left out here, too\n`)
  const objects = unjudged === 0 ? `${judged} objects` : `${judged} objects, ${unjudged} others not judged`
  const where = `${compared.slice(0, -1).join(', ')} and ${compared.at(-1)}`
  output.write(
    code === AUDIT_EXIT.same
      ? `SAME  ${rounds.length} partitions, ${objects}: ${where} match the source.\n`
      : `CANNOT JUDGE  ${unjudged} objects, all of which are older than the start of the source.\n`,
  )
  return code
}
