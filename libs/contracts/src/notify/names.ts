import { FormatRegistry } from '@sinclair/typebox'

export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
const NAME = new RegExp(NAME_PATTERN)
/** What every object of JavaScript has, so that no entry of ours is ever taken for it. */
const RESERVED: ReadonlySet<string> = new Set(['prototype', ...Object.getOwnPropertyNames(Object.prototype)])

/** What is wrong with the name of an entry; undefined: nothing. */
export function nameFault(name: string): string | undefined {
  if (RESERVED.has(name)) return `${name} is reserved; take another name`
  return NAME.test(name) ? undefined : `a name must be ${NAME_PATTERN}`
}

FormatRegistry.Set('notify-name', (value) => nameFault(value) === undefined)
