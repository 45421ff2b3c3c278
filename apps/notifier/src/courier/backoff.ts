export interface Backoff {
  /** Ceiling of the first pause, ms; doubles with each attempt. */
  readonly first: number
  readonly cap: number
  /** ms after the first attempt at which a delivery is given up. */
  readonly total: number
}

export const BACKOFF: Backoff = { first: 5_000, cap: 3_600_000, total: 3 * 86_400_000 }

/**
 * ms to wait after the `attempts`th failure: capped exponential with full jitter, anywhere between nothing and the ceiling, so that
 * what failed together does not come back together.
 * @param random in [0, 1)
 */
export function pause({ first, cap }: Backoff, attempts: number, random: () => number): number {
  const ceiling = Math.min(cap, first * 2 ** Math.min(attempts - 1, 40))
  return Math.floor(random() * ceiling)
}
