/** Draws whole numbers from 0 to below a bound. */
export type Draw = (below: number) => number

/** Pseudo-random, the same at every run (xorshift32). `seed` is not 0. */
export function sequence(seed: number): Draw {
  let x = seed
  return (below) => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) % below
  }
}
