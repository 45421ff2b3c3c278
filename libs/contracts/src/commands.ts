import { Type, type TSchema } from '@sinclair/typebox'
import { LIMITS } from './limits'
import { AGENT_SETTINGS_SCHEMA, POLICY_NAME, POLICY_SCHEMA } from './policy-schema'
import { AGENT_ID, compiled, STATE, text, TIME } from './schema'
import { oneOf, type Shape } from './shape'
import { OVERRIDE_MODES } from './view'

const strict = { additionalProperties: false }
const IF_MATCH = Type.Optional(
  Type.String({ maxLength: LIMITS.ifMatchCharacters, description: 'an entity tag: <incarnation>.<version>.<n>' }),
)
const EXPLAINED = {
  reason: Type.Optional(text(LIMITS.reasonCharacters)),
  author: Type.Optional(text(LIMITS.authorCharacters)),
}
const EXPECTED = Type.Object({ ...EXPLAINED, ifMatch: IF_MATCH }, strict)
const COUNT = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const AGENT = Type.Object({ agent: AGENT_ID }, strict)

/**
 * One schema for each kind of source record but the report (`report.ts`): its value without `type` (docs/spec/vote.md,
 * 2, 6, 9).
 */
export const COMMAND_SCHEMAS = {
  leave: AGENT,
  'report-removed': AGENT,
  'override-set': Type.Object(
    {
      state: STATE,
      ...EXPLAINED,
      expiresAt: Type.Optional(TIME),
      mode: Type.Optional(oneOf(OVERRIDE_MODES, 'pin or until-agree')),
      ifMatch: IF_MATCH,
    },
    strict,
  ),
  'override-cleared': EXPECTED,
  'object-deleted': EXPECTED,
  'policy-set': POLICY_SCHEMA,
  'policy-deleted': Type.Object({ name: POLICY_NAME }, strict),
  'agent-set': AGENT_SETTINGS_SCHEMA,
  'agent-removed': AGENT,
  /**
   * The first record of a partition that was made by a reshard (docs/spec/vote.md, 7): what the fold begins with, and
   * how many records of the kind `snapshot` follow. Until they have been applied, time stands at `time`. `base` is
   * added to the offsets that are incarnations: it is above all earlier ones. `time` is that of the partition that was
   * furthest behind. `known`: objects with a known voted state, `stale` those of them that are stale. `layout`: of the
   * rows. `from`: the prefix of the topics that this was made from.
   */
  resharded: Type.Object(
    { base: COUNT, time: TIME, known: COUNT, stale: COUNT, snapshots: COUNT, layout: COUNT, from: text(60) },
    strict,
  ),
  /**
   * Rows of the partition's tables as they were: table, key, base64. An object's row comes after all others of that
   * object.
   */
  snapshot: Type.Object({ rows: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.String()])) }, strict),
  tick: Type.Object({}, strict),
} as const satisfies Record<string, TSchema>

export type CommandKind = keyof typeof COMMAND_SCHEMAS
/** What a command of a kind carries. */
export type CommandData<K extends CommandKind> = Shape<(typeof COMMAND_SCHEMAS)[K]>

const names = Object.keys(COMMAND_SCHEMAS) as CommandKind[]
export const COMMAND_CHECKS = new Map<string, { kind: CommandKind; check: ReturnType<typeof compiled> }>(
  names.map((kind) => [kind, { kind, check: compiled(COMMAND_SCHEMAS[kind] as TSchema) }]),
)

/** Kinds whose value may be null: they carry nothing that is required. */
export const EMPTY_KINDS: ReadonlySet<string> = new Set<CommandKind>(['override-cleared', 'object-deleted', 'tick'])
