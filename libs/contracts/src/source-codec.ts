import { isUtf8 } from 'node:buffer'
import { COMMAND_CHECKS, EMPTY_KINDS, type CommandKind } from './commands'
import { isObjectId, type ObjectId } from './ids'
import { keepNumbers } from './json/exact'
import { LIMITS } from './limits'
import { policyShape } from './policy-shape'
import { checkReport } from './report'
import { faultsOf, faultsText, faultText, isRecord, withoutNulls } from './schema'
import { KEYLESS, REAPPENDED, reappendedHeader, reappendedOf, type SourceCommand } from './source'

/** A record as read from the source topic; offset and time are the fold's, not the codec's. */
export interface SourceRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
}

/** What a record says, or why it goes to the dead letters. */
export type Decoded =
  | { readonly command: SourceCommand; readonly reject?: undefined }
  | { readonly command?: undefined; readonly reject: string }

/** A record to append; the partition is the appender's decision. */
export interface EncodedSource {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

const KEYLESS_KINDS: ReadonlySet<string> = new Set(KEYLESS)
const BEYOND_ASCII = /[\x80-\xff]/
const NOT_PLAIN = /[^\x20-\x7e]/

/** UTF-8 text, or undefined where the bytes are none. ASCII, nearly all of it, takes the short way. */
function textOf(bytes: Buffer): string | undefined {
  const latin = bytes.toString('latin1')
  if (!BEYOND_ASCII.test(latin)) return latin
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** The object id that a key is, or undefined where it is none (vote.md 2). */
export function objectIdOf(key: Buffer): ObjectId | undefined {
  const length = key.length
  if (length === 0 || length > LIMITS.objectIdBytes) return undefined
  const latin = key.toString('latin1')
  if (!NOT_PLAIN.test(latin)) return latin
  const id = isUtf8(key) ? key.toString('utf8') : undefined
  return isObjectId(id) ? id : undefined
}

/**
 * Decodes a record of the source topic (docs/architecture.md, "Records on the wire"; vote.md 2). Without the header
 * `ce_type` and the field `type` it is a report. Every refusal names the place: `/agent: missing`. What a policy's
 * fields mean together, and what depends on a policy in force, is judged by the fold.
 */
export const decodeSource = (record: SourceRecord): Decoded => decodeSourceAs(record, idOrNone(record.key))

/** The same, where the key is read already: the object id, `''` for bytes that are none, null for no key. */
export function decodeSourceAs({ headers, value }: SourceRecord, key: string | null): Decoded {
  const named = headers.length === 0 ? undefined : typeHeader(headers)
  if (value === null) return decodeSourceData(named, key, null, 0)
  const text = textOf(value)
  if (text === undefined) return { reject: 'the value is not UTF-8' }
  let data: unknown
  try {
    data = JSON.parse(text)
    // Evidence alone may hold numbers beyond a double; few reports have any.
    if (isRecord(data) && data['evidence'] !== undefined) data = keepNumbers(data, text)
  } catch {
    return { reject: 'the value is not JSON' }
  }
  const decoded = decodeSourceData(named, key, data, value.length)
  const { command } = decoded
  if (command?.type !== 'policy-set' && command?.type !== 'agent-set') return decoded
  const said = headers.find(([name]) => name === REAPPENDED)
  return said === undefined
    ? decoded
    : { command: { ...command, reappended: reappendedOf(said[1].toString('latin1')) } }
}

/** `''` for bytes that are no object id. */
const idOrNone = (key: Buffer | null): ObjectId | null => (key === null ? null : (objectIdOf(key) ?? ''))

function typeHeader(headers: SourceRecord['headers']): string | undefined {
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]![0] === 'ce_type') return headers[i]![1].toString('utf8')
  return undefined
}

function withoutValue(kind: string, key: string | null): Decoded {
  if (kind !== 'report' && !COMMAND_CHECKS.has(kind)) return { reject: `unknown kind ${JSON.stringify(kind)}` }
  return EMPTY_KINDS.has(kind) ? decodeCommand(kind, key, {}) : { reject: 'the value is missing' }
}

/**
 * The same from a value that is parsed already. `type`: as the header or the line names it; `key`: the object id, `''`
 * for bytes that are none; `data`: null where there is no value; `bytes`: the size of the JSON text.
 */
export function decodeSourceData(type: string | undefined, key: string | null, data: unknown, bytes: number): Decoded {
  if (data === null) return withoutValue(type ?? 'report', key)
  if (!isRecord(data)) return { reject: 'the value is not a JSON object' }
  let kind = type
  let body = data
  if ('type' in data && Object.hasOwn(data, 'type')) {
    const { type: inside, ...rest } = data
    body = rest
    if (inside !== null) {
      if (typeof inside !== 'string') return { reject: '/type: must be a string' }
      if (kind !== undefined && kind !== inside) {
        return { reject: `the header ce_type says ${JSON.stringify(kind)}, the field type ${JSON.stringify(inside)}` }
      }
      kind = inside
    }
  }
  if (kind === undefined || kind === 'report') return decodeReport(key, body, bytes)
  return decodeCommand(kind, key, body)
}

function decodeReport(key: string | null, body: Record<string, unknown>, bytes: number): Decoded {
  const refused = refuseKey('report', key)
  if (refused !== undefined) return { reject: refused }
  const report = checkReport(body, bytes)
  if (typeof report === 'string') return { reject: report }
  return { command: { type: 'report', object: key!, data: report } }
}

function refuseKey(kind: string, key: string | null): string | undefined {
  if (key === null) return `a ${kind} needs a key: the object id`
  if (key === '') return 'the key is not an object id: 1–512 bytes of UTF-8 without control characters'
  return undefined
}

function decodeCommand(kind: string, key: string | null, body: Record<string, unknown>): Decoded {
  const known = COMMAND_CHECKS.get(kind)
  if (known === undefined) return { reject: `unknown kind ${JSON.stringify(kind)}` }
  const keyless = KEYLESS_KINDS.has(kind)
  if (keyless && key !== null) return { reject: `a ${kind} has no key` }
  const refused = keyless ? undefined : refuseKey(kind, key)
  if (refused !== undefined) return { reject: refused }
  if (kind === 'policy-set') return decodePolicy(body)
  const data = withoutNulls(body)
  if (!known.check.Check(data)) return { reject: faultText(faultsOf(known.check, data)[0]!) }
  return { command: assemble(known.kind, key, data) }
}

function decodePolicy(body: Record<string, unknown>): Decoded {
  const shape = policyShape(body)
  if (shape.faults !== undefined) return { reject: faultsText(shape.faults) }
  return { command: { type: 'policy-set', data: shape.input } }
}

function assemble(type: CommandKind, key: string | null, data: Record<string, unknown>): SourceCommand {
  if (type === 'tick') return { type }
  return (key === null ? { type, data } : { type, object: key, data }) as SourceCommand
}

/**
 * The record of a command, as REST appends it: a report without headers, the other kinds named by `ce_type`; null where
 * there is nothing to say. Decoding it gives the command again.
 */
export function encodeSource(command: SourceCommand): EncodedSource {
  const key = 'object' in command ? command.object : null
  if (command.type === 'report') return { key, value: JSON.stringify(command.data), headers: [] }
  const headers = [['ce_type', command.type] as const, ...repeatedFrom(command)]
  if (command.type === 'tick') return { key, value: null, headers }
  const value = JSON.stringify(command.data)
  return { key, value: value === '{}' && EMPTY_KINDS.has(command.type) ? null : value, headers }
}

const repeatedFrom = (command: SourceCommand) =>
  'reappended' in command && command.reappended !== undefined ? [reappendedHeader(command.reappended)] : []
