import { type Fault, isRecord, nameFault, pointer } from '@quorate/contracts'
import type { Channel } from '../channels'
import type { InhibitionDocument, NotifyDocument, Written } from './document'
import { EntryChecks } from './entry-checks'
import { inhibitionCircles } from './inhibition-circles'
import { treeFaults } from './tree'

/** What a configuration is judged against. */
export interface Surroundings {
  readonly channels: ReadonlyMap<string, Channel>
  /** Receivers that are there without being configured (`console`). */
  readonly builtIn: ReadonlySet<string>
}

export type Checked =
  | { readonly document: NotifyDocument; readonly faults?: undefined }
  | { readonly faults: readonly Fault[]; readonly document?: undefined }

const PARTS = ['receivers', 'silences', 'inhibitions'] as const

/** Judges a whole configuration as it is written: every fault, with its place in the document. */
export function checkDocument(input: unknown, surroundings: Surroundings): Checked {
  if (!isRecord(input)) return { faults: [{ pointer: '', detail: 'must be an object' }] }
  const { routes, ...others } = input
  const faults: Fault[] = []
  for (const name of Object.keys(others))
    if (!(PARTS as readonly string[]).includes(name))
      faults.push({
        pointer: pointer(name),
        detail: 'unknown field; there are receivers, routes, silences, inhibitions',
      })
  const [receivers, silences, inhibitions] = PARTS.map((part) => {
    const entries = others[part] ?? {}
    if (isRecord(entries)) return new Map(Object.entries(entries))
    faults.push({ pointer: pointer(part), detail: 'must be a mapping by name' })
    return new Map<string, unknown>()
  }) as [Map<string, unknown>, Map<string, unknown>, Map<string, unknown>]
  const written: Written = { receivers, silences, inhibitions, ...(routes === undefined ? {} : { routes }) }
  faults.push(...faultsIn(written, surroundings))
  return faults.length > 0 ? { faults } : { document: written as NotifyDocument }
}

/** All faults of a configuration in one pass: the shape of each entry, and what the entries say of each other. */
export function faultsIn(written: Written, surroundings: Surroundings): Fault[] {
  const { receivers, routes, silences, inhibitions } = written
  const checks = EntryChecks.of(surroundings.channels)
  const faults: Fault[] = []
  const judge = (
    part: string,
    entries: ReadonlyMap<string, unknown>,
    own: (entry: unknown) => readonly Fault[],
  ): void => {
    for (const [name, entry] of entries) {
      const named = nameFault(name)
      if (named !== undefined) faults.push({ pointer: pointer(part, name), detail: named })
      for (const fault of own(entry)) faults.push({ ...fault, pointer: `${pointer(part, name)}${fault.pointer}` })
    }
  }
  judge('receivers', receivers, checks.receiver)
  judge('silences', silences, checks.silence)
  judge('inhibitions', inhibitions, checks.inhibition)
  const known = new Set([...receivers.keys(), ...surroundings.builtIn])
  for (const name of receivers.keys()) {
    const detail = fallbackFault(name, receivers, known)
    if (detail !== undefined) faults.push({ pointer: pointer('receivers', name, 'fallback'), detail })
  }
  if (routes !== undefined) faults.push(...treeFaults(routes, known, checks))
  for (const { name, detail } of circleFaults(inhibitions, checks))
    faults.push({ pointer: pointer('inhibitions', name, 'dependants'), detail })
  return faults
}

/** What is wrong with the fallback of a receiver; undefined: nothing. */
export function fallbackFault(
  name: string,
  receivers: ReadonlyMap<string, unknown>,
  known: ReadonlySet<string>,
): string | undefined {
  const fallback = fallbackOf(receivers.get(name))
  if (fallback === undefined) return undefined
  if (!known.has(fallback)) return `there is no receiver ${fallback}`
  const path = [name]
  for (let at: string | undefined = fallback; at !== undefined; at = fallbackOf(receivers.get(at))) {
    if (at === name) return `leads back to this receiver: ${[...path, name].join(' > ')}`
    if (path.includes(at)) return undefined
    path.push(at)
  }
  return undefined
}

const fallbackOf = (receiver: unknown): string | undefined =>
  isRecord(receiver) && typeof receiver['fallback'] === 'string' ? receiver['fallback'] : undefined

/** The inhibitions that close a circle, among those whose shape is right. */
export function circleFaults(inhibitions: Written['inhibitions'], { inhibition }: EntryChecks) {
  const sound = [...inhibitions].filter(([, entry]) => inhibition(entry).length === 0)
  return inhibitionCircles(new Map(sound as [string, InhibitionDocument][])).map(({ name, parents }) => ({
    name,
    detail: `closes a circle in which nobody would be told: ${parents.join(' > ')}`,
  }))
}
