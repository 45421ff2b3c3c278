import { type Command, InvalidArgumentError } from 'commander'
import type { QuorateClient } from '@quorate/client'
import { LIMITS, parseExactly, tooDeepAt } from '@quorate/contracts/json'
import { parseDuration, parseTime } from '@quorate/contracts/times'
import { askAggregator } from '../connection'
import { Screen } from '../screen'

/** Options of every command. */
export interface CommonOptions {
  readonly url?: string
  readonly json?: boolean
}

export interface Door<O> {
  readonly client: QuorateClient
  readonly screen: Screen
  readonly options: O & CommonOptions
}

/**
 * Makes a commander action of a function that talks to the server: settings are read when it runs, not when the program
 * is built. `T`: the command's arguments; `O`: its options.
 */
export function withServer<T extends readonly unknown[], O extends object>(
  run: (door: Door<O>, ...args: T) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const options = command.optsWithGlobals<O & CommonOptions>()
    const screen = new Screen(options.json === true)
    await askAggregator(options, (client) => run({ client, screen, options }, ...(given.slice(0, -2) as unknown as T)))
  }
}

/** Only decimal digits: no sign, no exponent, no other base. */
const whole = (text: string): number => (/^\d{1,16}$/.test(text) ? Number(text) : NaN)

export function integer(text: string): number {
  const value = whole(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be an integer from 0.')
  return value
}

/** A positive integer. */
export function count(text: string): number {
  const value = whole(text)
  if (!Number.isSafeInteger(value) || value === 0) throw new InvalidArgumentError('It must be an integer from 1.')
  return value
}

/** 100 years: longer is a mistake, and soon beyond the range of dates. */
const LONGEST = 36_525 * 86_400_000

/** `30s`, `10m`, `2h`, `1d` → ms */
export function span(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0 || ms > LONGEST)
    throw new InvalidArgumentError('It must be a duration such as 30s, 10m, 2h or 1d, at most 36525d.')
  return ms
}

export function json(text: string): unknown {
  const value = jsonOf(text)
  if (value === undefined) throw new InvalidArgumentError('It must be JSON.')
  if (tooDeepAt(value, LIMITS.jsonDepth - 1) !== undefined)
    throw new InvalidArgumentError(`It must be nested at most ${LIMITS.jsonDepth - 1} deep.`)
  return value
}

/** undefined if the text is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}

/** RFC 3339 */
export function instant(text: string): string {
  if (parseTime(text) === undefined)
    throw new InvalidArgumentError('It must be a time with its offset, such as 2026-12-31T23:59:00Z.')
  return text
}
