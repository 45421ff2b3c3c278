import { Problem } from '@quorate/http'

/** Errors before a byte of the request left. */
export const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

export const unreachable = (url: string, sent: boolean, cause?: unknown) =>
  new Problem(
    'owner-unreachable',
    `The owner (${url}) did not answer${sent ? '' : '; nothing was done'}. Another takes its partitions over within seconds; try again.`,
    { cause },
  )

export const busy = (url: string) =>
  new Problem(
    'owner-unreachable',
    `All connections to the owner (${url}) are taken by requests that it has not answered yet. Nothing was done; try again.`,
  )

export const unknownOutcome = (url: string, cause: unknown) =>
  new Problem(
    'outcome-unknown',
    `The owner (${url}) did not answer: perhaps it was written, perhaps not. Read before you repeat.`,
    { cause },
  )
