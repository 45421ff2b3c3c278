import type { ObjectView } from '@quorate/client'
import { type Cell, colour, type Ink, jsonLine, plain, printable, steerless, type Style, table } from './text'

/** The output of a command: JSON for programs, columns for people. */
export class Screen {
  readonly #terminal: boolean

  readonly #json: boolean
  readonly #out: NodeJS.WriteStream

  constructor(json: boolean, out: NodeJS.WriteStream = process.stdout) {
    this.#json = json
    this.#out = out
    this.#terminal = out.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  }

  get ink(): Ink {
    return this.#terminal ? colour : plain
  }

  /** Prints JSON, or `text` without --json. Resolves when the reader can take more. */
  async print(value: unknown, text: (ink: Ink) => string): Promise<void> {
    const written = this.#json ? `${jsonLine(value)}\n` : steerless(text(this.ink), this.#terminal)
    if (!this.#out.write(written)) await new Promise<void>((drained) => this.#out.once('drain', drained))
  }

  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
    return table(head, rows, this.#out.isTTY ? this.ink : undefined)
  }
}

/** The marks of a state: `contested`, `stale`, … */
export function marks(view: ObjectView): string[] {
  const { contested, stale, flapping, divergent, override } = view
  const all = { contested, stale, flapping, divergent, overridden: override !== null && override !== undefined }
  return Object.entries(all).flatMap(([name, set]) => (set ? [name] : []))
}

/** The heaviest states, and the combined weight of the others. */
export function tallyText({ tally, tallyRest: rest }: Pick<ObjectView, 'tally' | 'tallyRest'>): string {
  const votes = Object.entries(tally)
    .sort(([, a], [, b]) => b - a)
    .map(([state, weight]) => `${state} ${weight}`)
  if (rest !== undefined) votes.push(`${rest.states} other states ${rest.weight}`)
  return votes.join(', ') || 'no votes'
}

/** The style of a state, by common colour conventions. */
function stateStyle(state: string): Style {
  if (['up', 'ok', 'healthy'].includes(state)) return 'green'
  if (state === 'unknown') return 'dim'
  return ['down', 'failed', 'critical'].includes(state) ? 'red' : 'yellow'
}

/** A state within a line of text. */
export const stateText = (state: string, ink: Ink): string => ink(stateStyle(state), printable(state))

/** A state within a table. */
export const stateCell = (state: string): Cell => ({ text: state, style: stateStyle(state) })

/** What holds the state while it is overridden, and what comes after. */
export function heldText(state: string, override: NonNullable<ObjectView['override']>, voted: string): string {
  const { author, reason, expiresAt, mode } = override
  const end = (expiresAt ?? 'it is cleared') + (mode === 'until-agree' ? ' or the vote agrees' : '')
  const by = `by ${printable(author ?? 'nobody named')}: ${printable(reason ?? 'no reason given')}`
  return `held at ${state} until ${end}, then ${voted} by the current vote; ${by}`
}

/** An object in a few lines. */
export function viewText(view: ObjectView, ink: Ink): string {
  const { object, state, since, voted, override, participants, electorate, quorum, rule, cause, policy } = view
  const set = marks(view)
  // The last cause may be the vote's, which continues under an override.
  const why = override ? ' (override)' : cause ? ` (${cause})` : ''
  const lines = [
    `${ink('bold', printable(object))}  ${stateText(state, ink)}  since ${since}${why}`,
    ...(override ? [`  ${heldText(state, override, voted)}`] : []),
    `  votes  ${tallyText(view)}; ${participants} of ${electorate} vote, ${quorum} ` +
      `needed${rule ? `, by ${rule}` : ''}, policy ${printable(policy)}`,
  ]
  if (set.length > 0) lines.push(`  marks  ${set.join(', ')}`)
  return `${lines.join('\n')}\n`
}
