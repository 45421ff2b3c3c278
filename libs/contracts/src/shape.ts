import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import type { AgentId, ObjectId, State } from './ids'

type Plain = string | number | bigint | boolean | null | undefined
/** The same type, read-only however deep. */
export type Immutable<T> = T extends Plain ? T : T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T

/** The type that a schema declares. What is on the wire is never changed in place, so it is read-only. */
export type Shape<T extends TSchema> = Immutable<Static<T>>

/**
 * True where two unions have the same members. `const TIED: Same<keyof A, keyof B> = true` fails to compile where they
 * differ.
 */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never

/** An object with no members but these. `$id` is its name among the components of the OpenAPI document. */
export const closed = <T extends TProperties>(
  properties: T,
  options: { readonly $id?: string; readonly description?: string } = {},
): TObject<T> => Type.Object(properties, { ...options, additionalProperties: false })

export const orNull = <T extends TSchema>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

/** One of some texts. */
export const oneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      description === undefined ? {} : { description },
    ),
  )

/** The same schema with a description. */
export const described = <T extends TSchema>(schema: T, description: string): T => ({ ...schema, description })

export const TEXT = Type.String()
export const FLAG = Type.Boolean()
export const COUNT = Type.Integer({ minimum: 0 })
/** RFC 3339 with milliseconds, in UTC. */
export const WHEN = Type.String({ format: 'date-time' })
export const OBJECT_TEXT = Type.Unsafe<ObjectId>(TEXT)
export const AGENT_TEXT = Type.Unsafe<AgentId>(TEXT)
export const STATE_TEXT = Type.Unsafe<State>(TEXT)
export const STATE_NAME = Type.Unsafe<State>(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }))
