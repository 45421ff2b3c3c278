import { LogError, type LogErrorCode } from '../src'

/** Error codes of the Kafka protocol that we act on or are likely to print. */
export const CODE = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  REPLICA_NOT_AVAILABLE: 9,
  MESSAGE_TOO_LARGE: 10,
  NETWORK_EXCEPTION: 13,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  INVALID_SESSION_TIMEOUT: 26,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_REPLICATION_FACTOR: 38,
  NOT_CONTROLLER: 41,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTION_COORDINATOR_FENCED: 52,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  OPERATION_NOT_ATTEMPTED: 55,
  KAFKA_STORAGE_ERROR: 56,
  SASL_AUTHENTICATION_FAILED: 58,
  UNKNOWN_PRODUCER_ID: 59,
  FENCED_LEADER_EPOCH: 74,
  UNKNOWN_LEADER_EPOCH: 75,
  OFFSET_NOT_AVAILABLE: 78,
  MEMBER_ID_REQUIRED: 79,
  FENCED_INSTANCE_ID: 82,
  INVALID_RECORD: 87,
  UNSTABLE_OFFSET_COMMIT: 88,
  THROTTLING_QUOTA_EXCEEDED: 89,
  PRODUCER_FENCED: 90,
  UNKNOWN_TOPIC_ID: 100,
  INCONSISTENT_TOPIC_ID: 103,
  TRANSACTION_ABORTABLE: 120,
} as const

const NAMES = new Map<number, string>(Object.entries(CODE).map(([name, code]) => [code, name]))
const codes = (...names: (keyof typeof CODE)[]): ReadonlySet<number> => new Set(names.map((name) => CODE[name]))

/** The leader is somewhere else, or not yet anywhere: ask for metadata and try again. */
export const LEADER_MOVED = codes(
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
)
/** The coordinator is somewhere else, or still loading: find it again. */
export const COORDINATOR_MOVED = codes('COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR')
/**
 * The same request may pass a little later. Nothing was done, but of an append that its replicas are late for
 * (append-line.ts).
 */
export const BUSY = codes(
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'CONCURRENT_TRANSACTIONS',
  'NOT_CONTROLLER',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
)

const LOG_CODES: readonly (readonly [LogErrorCode, ReadonlySet<number>])[] = [
  ['LOG_FENCED', codes('INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED')],
  // Coordinators forget transactional ids (transactional.id.expiration.ms), or another has taken the id since: fencing
  // again tells.
  ['LOG_IDENTITY_EXPIRED', codes('INVALID_PRODUCER_ID_MAPPING')],
  ['LOG_STALE_MEMBER', codes('ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID')],
  ['LOG_RECORD_TOO_LARGE', codes('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')],
  ['LOG_OFFSET_OUT_OF_RANGE', codes('OFFSET_OUT_OF_RANGE')],
  ['LOG_UNKNOWN_TOPIC', codes('UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_ID')],
  ['LOG_CORRUPT', codes('CORRUPT_MESSAGE', 'INVALID_RECORD')],
  [
    'LOG_UNAUTHORIZED',
    codes(
      'TOPIC_AUTHORIZATION_FAILED',
      'GROUP_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'SASL_AUTHENTICATION_FAILED',
    ),
  ],
]

/** A broker's refusal, before it is known what that means for the caller. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'

  constructor(
    readonly code: number,
    readonly request: string,
  ) {
    super(`${request} was refused with ${codeName(code)}`)
  }

  get retriable(): boolean {
    return LEADER_MOVED.has(this.code) || COORDINATOR_MOVED.has(this.code) || BUSY.has(this.code)
  }
}

export const codeName = (code: number): string => `${NAMES.get(code) ?? 'error'} (${code})`

/** Throws unless `code` is 0. */
export function check(code: number, request: string): void {
  if (code !== CODE.NONE) throw new ProtocolError(code, request)
}

/** The connection failed, or no answer came in time: whether the broker did what was asked is not known. */
export class NoAnswer extends Error {
  override readonly name: string = 'NoAnswer'
}

/** The request was never sent. */
export class Unreachable extends NoAnswer {
  override readonly name = 'Unreachable'
}

/** What a failure means to the caller of the port; `otherwise` for those that mean only that it did not work now. */
export function toLogError(error: unknown, what: string, otherwise: LogErrorCode = 'LOG_UNAVAILABLE'): LogError {
  if (error instanceof LogError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const known = code === undefined ? undefined : LOG_CODES.find(([, codes]) => codes.has(code))
  return new LogError(known?.[0] ?? otherwise, `${what}: ${message}`, { cause: error })
}

/** The protocol's code of an error, ours or kafkajs's. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof ProtocolError) return error.code
  if (!(error instanceof Error)) return undefined
  if (error.name === 'KafkaJSSASLAuthenticationError') return CODE.SASL_AUTHENTICATION_FAILED
  const { code } = error as { code?: unknown }
  return typeof code === 'number' ? code : undefined
}

/** Worth another try: the broker said so, or did not say anything. */
export function isRetriable(error: unknown): boolean {
  if (error instanceof ProtocolError) return error.retriable
  if (error instanceof NoAnswer) return true
  const code = codeOf(error)
  return code !== undefined && (LEADER_MOVED.has(code) || COORDINATOR_MOVED.has(code) || BUSY.has(code))
}
