import { isAgentId, isObjectId, type AgentId, type ObjectId } from '@quorate/contracts'
import { invalid, Problem, type ProblemError } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { createHash, type Hash } from 'node:crypto'
import type { ReadOptions } from '../queries/objects'
import type { RequestKey } from '@quorate/engine/core'
import { parseTags } from '../queries/entity-tag'
import { PARTS } from '../queries/parts'
import { parsePositions } from '../queries/positions'
import { parseWait } from '../queries/waiting'

/** @throws Problem 422 */
export function objectIdOf(segment: string): ObjectId {
  if (!isObjectId(segment))
    throw invalid([{ pointer: '/path/object', detail: 'must be 1–512 bytes of UTF-8 without control characters' }])
  return segment
}

/** @throws Problem 422 */
export function agentIdOf(segment: string): AgentId {
  if (!isAgentId(segment))
    throw invalid([{ pointer: '/path/agent', detail: 'must be 1–256 bytes of UTF-8 without control characters' }])
  return segment
}

/** The partitions that a peer asks for; undefined of a client. @throws Problem 400 */
export function askedPartsOf(request: FastifyRequest): readonly number[] | undefined {
  return request.forwarded ? one(request, PARTS)?.split(',').map(Number) : undefined
}

/** Query parameters, each at most once and none but `known`. @throws Problem 422 */
export function queryOf<const K extends string>(
  request: FastifyRequest,
  known: readonly K[],
): Partial<Record<K, string>> {
  const query = request.query as Record<string, unknown>
  const faults: ProblemError[] = []
  for (const [name, value] of Object.entries(query)) {
    const pointer = `/query/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!(known as readonly string[]).includes(name))
      faults.push({ pointer, detail: `unknown parameter; known are ${known.join(', ')}` })
    else if (typeof value !== 'string') faults.push({ pointer, detail: 'must be given once' })
  }
  if (faults.length > 0) throw invalid(faults)
  return query as Partial<Record<K, string>>
}

/** Whether nothing is to be written. @throws Problem 422 */
export function isDryRun(dryRun: string | undefined): boolean {
  if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false')
    throw invalid([{ pointer: '/query/dryRun', detail: 'must be true or false' }], 'the query')
  return dryRun === 'true'
}

/** What a read asks for beside the object: how new, how long to wait, whether it has changed. */
export function readOptionsOf(request: FastifyRequest, partitions: number): ReadOptions {
  return readOf(request, queryOf(request, ['wait']).wait, partitions)
}

function readOf(request: FastifyRequest, wait: string | undefined, partitions: number): ReadOptions {
  return {
    bound: parsePositions(one(request, 'quorate-min-position'), partitions),
    waitMs: parseWait(wait),
    ifNoneMatch: parseTags('If-None-Match', one(request, 'if-none-match')),
  }
}

/** A read that may also ask a standby. @throws Problem */
export function staleReadOptionsOf(request: FastifyRequest, partitions: number): ReadOptions {
  const { wait, stale, maxLag } = queryOf(request, ['wait', 'stale', 'maxLag'])
  const faults: ProblemError[] = []
  if (stale !== undefined && stale !== 'allow') faults.push({ pointer: '/query/stale', detail: 'must be allow' })
  if (maxLag !== undefined && !/^\d{1,15}$/.test(maxLag))
    faults.push({ pointer: '/query/maxLag', detail: 'must be a number of records' })
  if (maxLag !== undefined && stale === undefined)
    faults.push({ pointer: '/query/maxLag', detail: 'goes with stale=allow' })
  if (faults.length > 0) throw invalid(faults, 'the query')
  const permitted = { maxLag: maxLag === undefined ? undefined : Number(maxLag) }
  return { ...readOf(request, wait, partitions), stale: stale === undefined ? undefined : permitted }
}

/** The request's `Idempotency-Key`, if it has one. @throws Problem 400 */
export function requestKeyOf(request: FastifyRequest): RequestKey | undefined {
  const key = idempotencyKeyOf(request)
  if (key === undefined) return undefined
  const hash = fingerprinting(request)
  hash.update(request.rawBody ?? '')
  return { key, fingerprint: fingerprintOf(hash) }
}

/** @throws Problem 400 */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = one(request, 'idempotency-key')
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem('malformed', 'Nothing was written: Idempotency-Key must be 1–255 visible ASCII characters.')
  return key
}

/** The beginning of a request's fingerprint; the body is to follow. */
export function fingerprinting({ method, url, principal }: FastifyRequest): Hash {
  const said = [method, url.split('?')[0], principal?.name ?? ''].join('\n')
  return createHash('sha256').update(`${said}\n`)
}

export const fingerprintOf = (hash: Hash): string => hash.digest('base64url').slice(0, 22)

export function one(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  if (Array.isArray(value)) throw new Problem('malformed', `The header ${name} must be given once.`)
  return value
}
