/** Every error of the state store, one row each. docs/errors.md lists exactly these. */
export const STORE_ERRORS = {
  STORE_LOCKED: 'another process uses this data directory',
  STORE_FULL: 'the disk is full; nothing was written',
  STORE_UNAVAILABLE: 'the data directory cannot be used',
  STORE_UNKNOWN_TABLE: 'no such table in this topology',
  STORE_CLOSED: 'the store has been closed',
} as const

export type StoreErrorCode = keyof typeof STORE_ERRORS

/** Whether this is what SQLite throws when it finds a file damaged, whichever call meets it. */
export const isDamage = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB)/.test((error as { code?: string } | undefined)?.code ?? '')

/** Whether this comes from a store: an error of its own, or one that SQLite throws. */
export const isStoreError = (error: unknown): boolean => {
  if (error instanceof StoreError) return true
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && code.startsWith('SQLITE')
}

export class StoreError extends Error {
  override readonly name = 'StoreError'
  constructor(
    readonly code: StoreErrorCode,
    detail: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${STORE_ERRORS[code]}: ${detail}`, options)
  }
}
