import { Kind, OptionalKind, type Static, type TSchema } from '@sinclair/typebox'
import fc from 'fast-check'

type Node = TSchema & Record<string, never>
const STATE = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}$/)

/** Values that a schema accepts: those of every member that it declares, optional ones present or absent. */
export function valuesOf<T extends TSchema>(schema: T): fc.Arbitrary<Static<T>> {
  return arbitrary(schema as never)
}

function arbitrary(schema: Node): fc.Arbitrary<unknown> {
  switch (schema[Kind]) {
    case 'String':
      return schema['format'] === 'date-time' ? fc.date({ noInvalidDate: true }).map((it) => it.toISOString()) : STATE
    case 'Number':
    case 'Integer':
      return fc.nat(1_000_000)
    case 'Boolean':
      return fc.boolean()
    case 'Null':
      return fc.constant(null)
    case 'Literal':
      return fc.constant(schema['const'])
    case 'Union':
      return fc.oneof(...(schema['anyOf'] as unknown as Node[]).map(arbitrary))
    case 'Array':
      return fc.array(arbitrary(schema['items'] as unknown as Node), { maxLength: 3 })
    case 'Record':
      return fc.dictionary(STATE, fc.integer({ min: 1, max: 1_000 }), { maxKeys: 4 })
    case 'Object': {
      const members = Object.entries(schema['properties'] as unknown as Record<string, Node>)
      const requiredKeys = members.filter(([, it]) => it[OptionalKind as never] === undefined).map(([name]) => name)
      return fc.record(Object.fromEntries(members.map(([name, it]) => [name, arbitrary(it)])), { requiredKeys })
    }
    default:
      throw new Error(`no values are known for a schema of the kind ${String(schema[Kind])}`)
  }
}
