import { resolve } from 'node:path'
import type { Rule, Rules } from '@quorate/vote'
import { UsageError } from './exit'

/**
 * Rules registered in code, from a module (compiled JavaScript): every exported function is a rule, under the name of
 * the export. The server must have been started with the same rules.
 * @throws UsageError
 */
export async function rulesOf(file: string): Promise<Rules> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = (await import(resolve(file))) as typeof module
  } catch (error) {
    throw new UsageError(
      `The rules cannot be loaded from ${file}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const { default: whole, ...named } = module
  const given = { ...(typeof whole === 'object' ? whole : {}), ...named }
  const rules = Object.entries(given).filter((entry): entry is [string, Rule] => typeof entry[1] === 'function')
  if (rules.length === 0) throw new UsageError(`${file} exports no function, so it has no rules.`)
  return new Map(rules)
}
