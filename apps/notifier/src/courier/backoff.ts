export interface Backoff {
  /** Ceiling of the first pause, ms; doubles with each attempt. */
  readonly first: number
  readonly cap: number
  /** ms after the first attempt at which a delivery is given up. */
  readonly total: number
}

export const BACKOFF: Backoff = { first: 5_000, cap: 3_600_000, total: 3 * 86_400_000 }

/**
 * The ceiling at an endpoint that takes other deliveries, ms, and for how many attempts: behind that it is this
 * delivery that it refuses.
 */
const CAP_ALIVE = 120_000
const ATTEMPTS_ALIVE = 40

/**
 * ms to wait after the `attempts`th failure: capped exponential with full jitter, anywhere between nothing and the
 * ceiling, so that what failed together does not come back together.
 * @param random in [0, 1)
 * @param alive the endpoint takes others
 */
export function pause({ first, cap }: Backoff, attempts: number, random: () => number, alive = false): number {
  const most = alive && attempts <= ATTEMPTS_ALIVE ? Math.min(cap, CAP_ALIVE) : cap
  return Math.floor(random() * Math.min(most, first * 2 ** Math.min(attempts - 1, 40)))
}
