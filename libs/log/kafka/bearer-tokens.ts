import { readFile } from 'node:fs/promises'
import { LogError } from '../src'

/**
 * Returns the token to log in with (SASL OAUTHBEARER, RFC 7628); asked at every log-in, so it may be another each time.
 */
export type BearerTokens = () => Promise<{ readonly value: string }>

/** Where tokens are given for a client's id and secret (OAuth 2.0 client credentials, RFC 6749 section 4.4). */
export interface TokenEndpoint {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope?: string
}

/** ms for the endpoint's answer. */
const TOKEN_TIMEOUT_MS = 10_000
/** Of a token's life is left when it is no longer given to a new connection. */
const SPARE = 0.2

/** Reads the file again at every login, so that it can be replaced with the next token before this one expires. */
export function tokensOfFile(path: string): BearerTokens {
  return async () => {
    const value = (await readFile(path, 'utf8')).trim()
    if (value === '') throw new LogError('LOG_UNAUTHORIZED', `${path} holds no token`)
    return { value }
  }
}

/**
 * Tokens of an endpoint; one serves all connections until most of its life is over. A refusal is LOG_UNAUTHORIZED; an
 * endpoint that is away is asked again, as a broker would be.
 */
export function tokensOfEndpoint(endpoint: TokenEndpoint, now: () => number = Date.now): BearerTokens {
  let token: { readonly value: string; readonly until: number } | undefined
  let asking: Promise<{ readonly value: string }> | undefined
  return async () => {
    if (token && now() < token.until) return token
    asking ??= ask(endpoint)
      .then(({ value, lastsMs }) => (token = { value, until: now() + lastsMs * (1 - SPARE) }))
      .finally(() => (asking = undefined))
    return asking
  }
}

async function ask({ url, clientId, clientSecret, scope }: TokenEndpoint): Promise<{ value: string; lastsMs: number }> {
  const basic = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === undefined ? {} : { scope }),
    }).toString(),
    redirect: 'error',
    signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`${url} gives no token: ${reasonOf(error)}`, { cause: error })
  })
  const answer = (await response.json().catch(() => ({}))) as Partial<Record<string, unknown>>
  if (response.status >= 400 && response.status < 500 && response.status !== 429)
    throw new LogError('LOG_UNAUTHORIZED', `${url} refuses the client: ${response.status} ${text(answer['error'])}`)
  const { access_token: value, expires_in: seconds } = answer
  if (!response.ok || typeof value !== 'string')
    throw new Error(`${url} gives no token: it answered ${response.status}`)
  return { value, lastsMs: typeof seconds === 'number' ? seconds * 1000 : 0 }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message : message
}
