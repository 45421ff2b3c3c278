const MASK = '***'
/** Shorter ones are found in innocent words. */
const SHORTEST = 4

/** Replaces secrets in what an endpoint said: some repeat the address or the token that they were called with. */
export function masked(text: string, secrets: readonly string[]): string {
  let out = text
  for (const secret of secrets) if (secret.length >= SHORTEST) out = out.replaceAll(secret, MASK)
  return out
}

/**
 * What of an address may be its secret, the longest first: path and query as a whole, values of the query, long
 * segments of the path.
 */
export function secretsOfUrl({ pathname, search, searchParams }: URL): string[] {
  const segments = pathname.split('/').filter((segment) => segment.length >= 8)
  const whole = pathname === '/' && search === '' ? [] : [`${pathname}${search}`, pathname, search.slice(1)]
  const parts = [...whole, ...searchParams.values(), ...segments]
  return [...parts, ...parts.map(decoded)].sort((a, b) => b.length - a.length)
}

/** A password as it is written in headers and SMTP dialogues. */
export const writings = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret.toWellFormed()),
  Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64url'),
]

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
