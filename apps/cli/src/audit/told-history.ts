import { compareUtf8, type Change, type View } from '@quorate/contracts'
import type { HistoryEntry as ShownEntry } from '@quorate/client'
import type { HistoryEntry } from '@quorate/vote'

/** Maximum number of changes kept per object: no policy keeps more. */
const MOST = 1_000

/** A change as text, the same for an event and for the store. */
const entryText = ({ tally, ...rest }: HistoryEntry): string =>
  JSON.stringify([
    rest.version,
    rest.revision,
    rest.at,
    rest.state,
    rest.from,
    rest.voted,
    rest.cause,
    rest.trigger,
    tally,
    rest.participants,
    rest.electorate,
    rest.quorum,
    rest.rule,
    rest.policy,
  ])

function entryOf({ data, time }: Change): HistoryEntry {
  const view = data as View
  return { ...view, at: time, tally: sorted(view.tally) } as unknown as HistoryEntry
}

/** A history by REST as a list of texts, newest first. */
export const shownHistory = (entries: readonly ShownEntry[]): string =>
  JSON.stringify(
    entries.map(({ at, tally, ...rest }) => entryText({ ...rest, at: Date.parse(at), tally: sorted(tally) })),
  )

const sorted = (tally: Readonly<Record<string, number>>) => Object.entries(tally).sort(([a], [b]) => compareUtf8(a, b))

/** The changes that the source produces, for comparison with the stored ones. */
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

  /**
   * The first stored change that differs; undefined if none does. `entries`: newest first; as text, they are
   * `shownHistory`. Changes before the first one of the source cannot be judged.
   */
  difference(
    id: string,
    entries: readonly HistoryEntry[] | string,
  ): { readonly kept: string; readonly expected: string | null } | undefined {
    const kept = typeof entries === 'string' ? (JSON.parse(entries) as string[]) : entries.map(entryText)
    const changes = this.#changes.get(id) ?? []
    const firstVersion = changes[0] === undefined ? Infinity : (JSON.parse(changes[0]) as number[])[0]!
    for (const [i, text] of kept.entries()) {
      const expected = changes.at(-1 - i) ?? null
      // Imported by a reshard, or older than the source.
      if (expected === null && (JSON.parse(text) as number[])[0]! < firstVersion) return undefined
      if (text !== expected) return { kept: text, expected }
    }
    return undefined
  }
}
