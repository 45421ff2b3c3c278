import { FormatRegistry, Type, type StaticDecode, type TSchema } from '@sinclair/typebox'
import { TypeCompiler, ValueErrorType, type TypeCheck, type ValueError } from '@sinclair/typebox/compiler'
import { type AgentId, isAgentId, isObjectId, isText, type State } from './ids'
import { cutText, LIMITS } from './limits'
import type { Fault } from './fault'
import { LAST_TIME } from './times'

FormatRegistry.Set('object-id', isObjectId)
FormatRegistry.Set('agent-id', isAgentId)
FormatRegistry.Set('session', (value) => isText(value, 0, LIMITS.sessionBytes))
FormatRegistry.Set('well-formed', (value) => value.isWellFormed())

/** A schema's `description` is the sentence of its refusals: "must be <description>". */
export const AGENT_ID = Type.Unsafe<AgentId>(
  Type.String({ format: 'agent-id', description: '1–256 bytes of UTF-8 without control characters' }),
)
export const STATE = Type.Unsafe<State>(
  Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'a state: [a-z0-9][a-z0-9._-]{0,63}' }),
)
export const TIME = Type.Integer({ minimum: -LAST_TIME, maximum: LAST_TIME, description: 'an integer: ms since 1970' })
export const text = (maxLength: number) =>
  Type.String({ maxLength, format: 'well-formed', description: `text of at most ${maxLength} characters` })

/** Faults that are listed of one input: it may have as many as members. */
export const MOST_FAULTS = 100
/** More say nothing that the first do not. */
const FAULTS_TOLD = 16

function detailOf(error: ValueError): string {
  if (error.type === ValueErrorType.ObjectRequiredProperty) return 'missing'
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return 'unknown field'
  const said = error.schema.description
  return said === undefined ? error.message.replace(/^Expected/, 'must be') : `must be ${said}`
}

/** One fault for each place that breaks the schema, the first said of it. */
export function faultsOf<T extends TSchema>(check: TypeCheck<T>, value: unknown): Fault[] {
  const faults = new Map<string, Fault>()
  for (const error of check.Errors(value)) {
    if (faults.size >= MOST_FAULTS) break
    if (!faults.has(error.path)) faults.set(error.path, { pointer: error.path, detail: detailOf(error) })
  }
  return [...faults.values()]
}

export const faultText = (fault: Fault): string => `${fault.pointer}: ${fault.detail}`

/** All of them as one reason, as far as a dead letter shows it. */
export const faultsText = (faults: readonly Fault[]): string =>
  cutText(faults.slice(0, FAULTS_TOLD).map(faultText).join('; '), LIMITS.deadLetterReasonBytes)

/** Compiles a schema once. */
export function compiled<T extends TSchema>(schema: T): TypeCheck<T> & { readonly type?: StaticDecode<T> } {
  return TypeCompiler.Compile(schema)
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** null = absent (vote.md 2): drops the members that are null. Returns the same object when there is none. */
export function withoutNulls(object: Record<string, unknown>): Record<string, unknown> {
  let out = object
  for (const name of Object.keys(object)) {
    if (object[name] !== null) continue
    if (out === object) out = { ...object }
    delete out[name]
  }
  return out
}
