import { compareUtf8, type Change, type View } from '@quorate/contracts'
import type { HistoryEntry as ShownEntry } from '@quorate/client'
import type { HistoryEntry } from '@quorate/vote'

/** Changes of one object that are held: more than a policy may keep are not asked for. */
const MOST = 1_000

/** A change as text, from an event or from the store alike. */
const entryText = ({ tally, ...rest }: HistoryEntry): string =>
  JSON.stringify([rest.version, rest.revision, rest.at, rest.state, rest.from, rest.voted, rest.cause, rest.trigger, tally, rest.participants, rest.electorate, rest.quorum, rest.rule, rest.policy]) // prettier-ignore

function entryOf({ data, time }: Change): HistoryEntry {
  const view = data as View
  return { ...view, at: time, tally: sorted(view.tally) } as unknown as HistoryEntry
}

/** A history by REST as a list of texts, newest first. */
export const shownHistory = (entries: readonly ShownEntry[]): string =>
  JSON.stringify(
    entries.map(({ at, tally, ...rest }) =>
      entryText({ ...rest, at: Date.parse(at), tally: sorted(tally) } as unknown as HistoryEntry),
    ),
  )

const sorted = (tally: Readonly<Record<string, number>>) => Object.entries(tally).sort(([a], [b]) => compareUtf8(a, b))

/** The changes that the source leads to, for comparison with those that are kept. */
export class ToldHistory {
  readonly #changes = new Map<string, string[]>()

  note(change: Change): void {
    if (change.type === 'object.deleted') this.#changes.delete(change.subject)
    if (change.type !== 'object.changed') return
    const changes = this.#changes.get(change.subject) ?? []
    changes.push(entryText(entryOf(change)))
    if (changes.length > MOST) changes.shift()
    this.#changes.set(change.subject, changes)
  }

  /** The first change that is kept otherwise; undefined: none is. `entries`: newest first; as text, they are `shownHistory`. Of changes before the source's first nothing can be said. */
  difference(
    id: string,
    entries: readonly HistoryEntry[] | string,
  ): { readonly kept: string; readonly expected: string | null } | undefined {
    const kept = typeof entries === 'string' ? (JSON.parse(entries) as string[]) : entries.map(entryText)
    const changes = this.#changes.get(id) ?? []
    const firstVersion = changes[0] === undefined ? Infinity : (JSON.parse(changes[0]) as number[])[0]!
    for (const [i, text] of kept.entries()) {
      const expected = changes.at(-1 - i) ?? null
      // A reshard brought it along, or the source does not reach so far back.
      if (expected === null && (JSON.parse(text) as number[])[0]! < firstVersion) return undefined
      if (text !== expected) return { kept: text, expected }
    }
    return undefined
  }
}
