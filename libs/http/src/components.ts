import { LIMITS } from '@quorate/contracts'
import type { TSchema } from '@sinclair/typebox'

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const PLAIN = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
const plainText = (minLength: number, maxLength: number): Json => ({
  ...(minLength === 0 ? {} : { minLength }),
  maxLength,
  pattern: PLAIN,
})
/**
 * Formats of ours mean nothing to readers of the document: as far as JSON Schema can say them. Lengths are of bytes,
 * here of characters.
 */
const FORMATS: Readonly<Record<string, Json>> = {
  'date-time': { format: 'date-time' },
  'notify-time': { format: 'date-time' },
  'object-id': plainText(1, LIMITS.objectIdBytes),
  'notify-object': plainText(1, LIMITS.objectIdBytes),
  'agent-id': plainText(1, LIMITS.agentIdBytes),
  session: plainText(0, LIMITS.sessionBytes),
  'policy-name': plainText(1, LIMITS.nameBytes),
  glob: plainText(0, LIMITS.globBytes),
  'notify-glob': plainText(1, LIMITS.globBytes),
  'notify-text': plainText(1, 4096),
}
const ANY_NAME = '^(.*)$'
const NULL = { type: 'null' }

export interface Reference {
  readonly $ref: string
}

/** A schema by its name, which is its `$id`. */
export const refTo = ({ $id }: Pick<TSchema, '$id'>): Reference => ({ $ref: pathOf($id!) })
const pathOf = (name: string): string => `#/components/schemas/${name}`

/**
 * Named schemas, and those that they name, as components of an OpenAPI 3.1 document: each once, all others refer to it.
 * `lenient` ones are of bodies, where a member that is null counts as absent.
 */
export function componentsOf(schemas: readonly TSchema[], lenient: readonly TSchema[] = []): Record<string, object> {
  const components: Record<string, object> = {}
  for (const [list, isLenient] of [
    [schemas, false],
    [lenient, true],
  ] as const)
    for (const schema of list) component(schema, isLenient, components)
  return components
}

function component(schema: Json, isLenient: boolean, components: Record<string, object>): Reference {
  const name = schema['$id'] as string
  const { $id: _, ...body } = schema
  if (!Object.hasOwn(components, name)) {
    // Taken before it is filled: a schema may name itself.
    components[name] = {}
    components[name] = converted(body, isLenient, components)
  }
  return { $ref: pathOf(name) }
}

function converted(schema: Json, isLenient: boolean, components: Record<string, object>): Json {
  if (typeof schema['$id'] === 'string') return { ...component(schema, isLenient, components) }
  if (typeof schema['$ref'] === 'string') return { $ref: pathOf(schema['$ref']) }
  const walk = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(walk) : isObject(value) ? converted(value, isLenient, components) : value
  const { anyOf, properties, patternProperties, items, additionalItems: _, format, uniqueItems, ...rest } = schema
  const out: Json = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, plain(value)]))
  Object.assign(out, FORMATS[String(format)])
  if (uniqueItems === true) out['uniqueItems'] = true
  if (Array.isArray(anyOf)) Object.assign(out, choice(anyOf as Json[], walk))
  if (isObject(properties)) out['properties'] = members(schema, properties, isLenient, walk)
  if (isObject(patternProperties)) Object.assign(out, record(patternProperties, walk))
  if (Array.isArray(items)) Object.assign(out, { prefixItems: items.map(walk), items: false })
  else if (items !== undefined) out['items'] = walk(items)
  return out
}

/** Without TypeBox's symbols. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

/** Several texts are one list of them. */
function choice(anyOf: readonly Json[], walk: (value: unknown) => unknown): Json {
  const isText = anyOf.every((it) => typeof it['const'] === 'string')
  return isText ? { type: 'string', enum: anyOf.map((it) => it['const']) } : { anyOf: anyOf.map(walk) }
}

function members(schema: Json, properties: Json, isLenient: boolean, walk: (value: unknown) => unknown): Json {
  const required = (schema['required'] ?? []) as readonly string[]
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => {
      const member = walk(value) as Json
      const { description, ...type } = member
      // Without a type it may be null anyway.
      if (!isLenient || required.includes(name) || Object.keys(type).length === 0) return [name, member]
      return [name, { anyOf: [type, NULL], ...(description === undefined ? {} : { description }) }]
    }),
  )
}

/** What a record's names and values must be. */
function record(patternProperties: Json, walk: (value: unknown) => unknown): Json {
  const [[pattern, value]] = Object.entries(patternProperties) as [[string, unknown]]
  return {
    additionalProperties: walk(value),
    ...(pattern === ANY_NAME ? {} : { propertyNames: { pattern } }),
  }
}
