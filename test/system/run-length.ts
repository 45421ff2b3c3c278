/** `npm run test:system` runs the long forms; CI, as part of `npm test`, the short ones. */
export const LONG = process.env['QUORATE_SYSTEM'] === 'long'

/** The seed of everything random in a suite: the same at every run unless another is given. */
export const SEED = Number(process.env['QUORATE_SYSTEM_SEED'] ?? 20_261_121)

export const byLength = <T>(short: T, long: T): T => (LONG ? long : short)

const begun = Date.now()

/** Prints what a suite does at once, because Jest would keep it to the end. */
export function say(text: string): void {
  process.stderr.write(`   ${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${text}\n`)
}
