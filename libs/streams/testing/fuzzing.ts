/**
 * Of a fuzz test's property: a few runs with the suite's fixed seed, or as many as QUORATE_FUZZ_RUNS says with another
 * seed each time.
 */
export function fuzzing(fewRuns: number): { numRuns: number; seed?: number } {
  const runs = Number(process.env.QUORATE_FUZZ_RUNS ?? 0)
  if (!(runs > 0)) return { numRuns: fewRuns }
  // The failure that it leads to is found again by the seed that fast-check prints.
  return { numRuns: runs, seed: Number(process.env.QUORATE_PROPERTY_SEED ?? Date.now() & 0x7fffffff) }
}
