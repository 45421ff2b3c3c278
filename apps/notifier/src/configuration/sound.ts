import { type Fault, isRecord, nameFault, pointer } from '@quorate/contracts'
import { circleFaults, fallbackFault, type Surroundings } from './check'
import type {
  EndpointDocument,
  InhibitionDocument,
  NotifyDocument,
  ReceiverDocument,
  SilenceDocument,
  Written,
} from './document'
import { EntryChecks } from './entry-checks'
import { soundTree } from './tree'

export type Part = 'receivers' | 'routes' | 'silences' | 'inhibitions'

/** A stored entry that does not pass: it, or the part of it that is named, is not in force. */
export interface LeftOut {
  readonly part: Part
  readonly name: string
  /** Places are within the entry. */
  readonly faults: readonly Fault[]
}

/**
 * What of a stored configuration can be in force, and what cannot. Nothing is lost for it: a receiver that does not
 * pass stays where routes name it, and what it is to be told waits; a route that does not pass leaves its changes to
 * the one above it.
 */
export function soundDocument(
  written: Written,
  { channels, builtIn }: Surroundings,
): {
  readonly document: NotifyDocument
  readonly leftOut: readonly LeftOut[]
} {
  const checks = EntryChecks.of(channels)
  const leftOut: LeftOut[] = []
  const sound = <T>(
    part: Part,
    entries: ReadonlyMap<string, unknown>,
    own: (entry: unknown) => readonly Fault[],
  ): Map<string, T> => {
    const kept = new Map<string, T>()
    for (const [name, entry] of entries) {
      const faults = [...namedFaults(name), ...own(entry)]
      if (faults.length === 0) kept.set(name, entry as T)
      else leftOut.push({ part, name, faults })
    }
    return kept
  }
  const silences = sound<SilenceDocument>('silences', written.silences, checks.silence)
  const inhibitions = sound<InhibitionDocument>('inhibitions', written.inhibitions, checks.inhibition)
  for (const { name, detail } of circleFaults(inhibitions, checks)) {
    inhibitions.delete(name)
    leftOut.push({ part: 'inhibitions', name, faults: [{ pointer: '/dependants', detail }] })
  }
  const receivers = soundReceivers(written.receivers, builtIn, checks, leftOut)
  const { tree, faults } = soundTree(written.routes ?? {}, new Set([...receivers.keys(), ...builtIn]), checks)
  if (written.routes !== undefined && faults.length > 0)
    leftOut.push({ part: 'routes', name: 'root', faults: faults.map((one) => ({ ...one, pointer: one.pointer.slice('/routes'.length) })) }) // prettier-ignore
  const routes = written.routes === undefined ? undefined : tree
  return { document: { receivers, silences, inhibitions, ...(routes === undefined ? {} : { routes }) }, leftOut }
}

const namedFaults = (name: string): Fault[] => {
  const detail = nameFault(name)
  return detail === undefined ? [] : [{ pointer: '', detail }]
}

function soundReceivers(
  written: ReadonlyMap<string, unknown>,
  builtIn: ReadonlySet<string>,
  checks: EntryChecks,
  leftOut: LeftOut[],
): Map<string, ReceiverDocument> {
  const receivers = new Map<string, ReceiverDocument>()
  const named = [...written.keys()].filter((name) => nameFault(name) === undefined)
  const known = new Set([...named, ...builtIn])
  for (const [name, entry] of written) {
    const own = [...namedFaults(name), ...checks.receiver(entry)]
    const fallback = fallbackFault(name, written, known)
    const faults = [...own, ...(fallback === undefined ? [] : [{ pointer: '/fallback', detail: fallback }])]
    if (faults.length > 0) leftOut.push({ part: 'receivers', name, faults })
    if (namedFaults(name).length > 0) continue
    const whole = own.length === 0 ? (entry as ReceiverDocument) : waiting(entry, own)
    const { fallback: _, ...rest } = whole
    receivers.set(name, fallback === undefined ? whole : rest)
  }
  return receivers
}

/** A receiver with faults: its endpoints that are right are told, the others wait. */
function waiting(entry: unknown, faults: readonly Fault[]): ReceiverDocument {
  const { endpoints, fallback } = isRecord(entry) ? entry : {}
  const fault = (at: string): string | undefined => {
    const found = faults.filter(({ pointer: place }) => place === at || place.startsWith(`${at}/`))
    return found.length === 0 ? undefined : saidOf(found)
  }
  const list = Array.isArray(endpoints) ? (endpoints as unknown[]).slice(0, 32) : []
  const known = list.map((endpoint, i): EndpointDocument => {
    const at = pointer('endpoints', i)
    const said = fault(at)
    if (said === undefined) return endpoint as EndpointDocument
    const { name, id, channel } = isRecord(endpoint) ? endpoint : {}
    const own = typeof name === 'string' && fault(`${at}/name`) === undefined ? { name } : {}
    const number = typeof id === 'number' && fault(`${at}/id`) === undefined ? { id } : {}
    return { ...own, ...number, channel: typeof channel === 'string' ? channel.slice(0, 64) : 'unknown', fault: said }
  })
  return {
    endpoints: known.length > 0 ? known : [{ channel: 'unknown', fault: saidOf(faults) }],
    ...(typeof fallback === 'string' ? { fallback } : {}),
  }
}

/** In one line: the first, and how many more. */
const saidOf = ([first, ...more]: readonly Fault[]): string =>
  `${first!.pointer}: ${first!.detail}${more.length > 0 ? ` (and ${more.length} more)` : ''}`
