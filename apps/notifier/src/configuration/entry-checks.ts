import {
  compiled,
  type Fault,
  faultsOf,
  INHIBITION_SCHEMA,
  isRecord,
  pointer,
  RECEIVER_SCHEMA,
  ROUTE_SCHEMA,
  SILENCE_SCHEMA,
} from '@quorate/contracts'
import type { TSchema } from '@sinclair/typebox'
import type { Channel } from '../channels'
import type { InhibitionDocument, SilenceDocument } from './document'
import { UnreadableRow } from './unreadable-row'

const CHECKS = {
  receiver: compiled(RECEIVER_SCHEMA),
  route: compiled(ROUTE_SCHEMA),
  silence: compiled(SILENCE_SCHEMA),
  inhibition: compiled(INHIBITION_SCHEMA),
}
type Check = (typeof CHECKS)[keyof typeof CHECKS]
type Channels = ReadonlyMap<string, Channel>

/** Faults of one entry that depend on nothing but itself and the channels; places are within the entry. */
export class EntryChecks {
  private static readonly byChannels = new WeakMap<Channels, EntryChecks>()
  private readonly known = new WeakMap<object, Map<string, readonly Fault[]>>()

  private constructor(private readonly channels: Channels) {}

  static of(channels: Channels): EntryChecks {
    const known = EntryChecks.byChannels.get(channels) ?? new EntryChecks(channels)
    EntryChecks.byChannels.set(channels, known)
    return known
  }

  receiver = (entry: unknown): readonly Fault[] =>
    this.once('receiver', entry, () =>
      merged(shapeFaults(CHECKS.receiver, entry), endpointFaults(entry, this.channels)),
    )

  silence = (entry: unknown): readonly Fault[] =>
    this.once('silence', entry, () => {
      const faults = shapeFaults(CHECKS.silence, entry)
      return faults.length > 0 ? faults : [...silenceFaults(entry as SilenceDocument)]
    })

  inhibition = (entry: unknown): readonly Fault[] =>
    this.once('inhibition', entry, () => {
      const faults = shapeFaults(CHECKS.inhibition, entry)
      if (faults.length > 0) return faults
      const { parent, dependants } = entry as InhibitionDocument
      return dependants === parent ? [{ pointer: '/dependants', detail: 'is the parent itself' }] : []
    })

  /** Of one node, without those below it. */
  route = (node: unknown): readonly Fault[] => this.once('route', node, () => shapeFaults(CHECKS.route, node))

  /** Entries are not changed once they are written: the same one is judged once, however often the whole is. */
  private once(kind: string, entry: unknown, judge: () => readonly Fault[]): readonly Fault[] {
    if (typeof entry !== 'object' || entry === null) return judge()
    const known = this.known.get(entry) ?? new Map<string, readonly Fault[]>()
    this.known.set(entry, known)
    const faults = known.get(kind) ?? judge()
    known.set(kind, faults)
    return faults
  }
}

function shapeFaults(check: Check, entry: unknown): readonly Fault[] {
  if (entry instanceof UnreadableRow) return [{ pointer: '', detail: entry.reason }]
  return check.Check(entry) ? [] : leaves(faultsOf<TSchema>(check, entry))
}

/** Where a member is at fault, what holds it need not be named as well. */
const leaves = (faults: readonly Fault[]): Fault[] =>
  faults.filter(({ pointer: at }) => !faults.some((other) => other.pointer.startsWith(`${at}/`)))

const merged = (shape: readonly Fault[], more: readonly Fault[]): readonly Fault[] =>
  leaves([...shape, ...more.filter(({ pointer: at }) => !shape.some((other) => at === other.pointer))])

/** Of whatever is an endpoint in it: faults of shape elsewhere hide none of them. */
function endpointFaults(receiver: unknown, channels: Channels): Fault[] {
  const endpoints: unknown = isRecord(receiver) ? receiver['endpoints'] : undefined
  if (!Array.isArray(endpoints)) return []
  const names = new Set<string>()
  return endpoints.slice(0, 32).flatMap((endpoint: unknown, i): Fault[] => {
    if (!isRecord(endpoint)) return []
    const { name, id, channel, settings = {} } = endpoint
    const at = pointer('endpoints', i)
    const faults: Fault[] = []
    const own = typeof name === 'string' ? name : `${typeof id === 'number' ? id : i + 1}`
    if (names.has(own)) faults.push({ pointer: `${at}/name`, detail: `${own} is there twice` })
    names.add(own)
    if (typeof channel !== 'string') return faults
    const found = channels.get(channel)
    if (!found) faults.push({ pointer: `${at}/channel`, detail: `there is no channel ${channel}; there are ${[...channels.keys()].join(', ')}` }) // prettier-ignore
    for (const fault of found?.check?.(settings) ?? [])
      faults.push({ pointer: `${at}/settings${fault.pointer}`, detail: fault.detail })
    return faults
  })
}

function* silenceFaults({ match, startsAt, endsAt }: SilenceDocument): Iterable<Fault> {
  if (Object.keys(match).length === 0)
    yield { pointer: '/match', detail: 'must have a matcher; object: "**" is everything' }
  if (Date.parse(endsAt) <= Date.parse(startsAt)) yield { pointer: '/endsAt', detail: 'must be after startsAt' }
}
