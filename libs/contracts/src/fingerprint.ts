import { createHash } from 'node:crypto'

/** Tells one JSON content from another: 128 bits of SHA-256 and more, so that nobody finds two that share one. */
export const fingerprint = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)
