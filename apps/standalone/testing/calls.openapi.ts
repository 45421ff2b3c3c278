/**
 * A call of every operation, as a user writes it with types generated from the document. Never run:
 * `openapi-types.spec.ts` compiles it against `openapi-typescript`'s output, and fails when an operation is not called
 * here.
 */
import createClient from 'openapi-fetch'
import type { components, paths } from './openapi-types'

const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:8080' })
const object = { path: { object: 'site/x' } }
const report = { path: { object: 'site/x', agent: 'a' } }
const name = { path: { name: 'n' } }
const id = { path: { id: 'i' } }
const partition = { path: { partition: 0 } }
const letter = { path: { position: '0@17' } }
const at = '2026-12-31T23:59:00Z'
const silence = { match: { object: 'site/*' }, startsAt: at, endsAt: at, author: 'jane', comment: 'works' }

/** A pair, though the client widens it to a list. */
export const HEADER: components['schemas']['WholeDeadLetter']['headers'][number] = ['content-type', 'application/json']

export async function health(): Promise<boolean> {
  await client.GET('/livez')
  await client.GET('/metrics', { parseAs: 'text' })
  const { data, error } = await client.GET('/readyz')
  return data !== undefined && error === undefined
}

export async function objects(): Promise<(string | null | undefined)[]> {
  const list = await client.GET('/v1/objects', { params: { query: { state: 'down', limit: 10 } } })
  const first = list.data?.items[0]
  const one = await client.GET('/v1/objects/{object}', { params: object })
  const view: components['schemas']['Object'] | undefined = one.data
  const state: string | undefined = view?.state
  const tally: Record<string, number> | undefined = view?.tally
  const code: string | undefined = one.error?.code
  const explained = await client.GET('/v1/objects/{object}/explanation', { params: object })
  const evidence: unknown = explained.data?.agents[0]?.evidence
  const past = await client.GET('/v1/objects/{object}/history', { params: object })
  await client.PUT('/v1/objects/{object}', { params: object, body: { state: 'up', reason: 'seen' } })
  await client.DELETE('/v1/objects/{object}', { params: { ...object, header: { 'If-Match': '*' } } })
  const override = { state: 'up', reason: 'works', expiresAt: at, mode: 'pin' } as const
  await client.PUT('/v1/objects/{object}/override', { params: object, body: override })
  await client.DELETE('/v1/objects/{object}/override', { params: object })
  return [first?.object, state, Object.keys(tally ?? {})[0], code, JSON.stringify(evidence), past.data?.items[0]?.state]
}

export async function reports(): Promise<void> {
  const body = { state: 'down', seq: 1, session: 's', ttl: 60_000, evidence: { any: ['thing', 1, null] } }
  await client.PUT('/v1/objects/{object}/reports/{agent}', { params: report, body })
  // @ts-expect-error the document says that a state is text: a number must not compile
  await client.PUT('/v1/objects/{object}/reports/{agent}', { params: report, body: { state: 1 } })
  await client.DELETE('/v1/objects/{object}/reports/{agent}', { params: report })
  await client.POST('/v1/reports', { body: [{ object: 'site/x', agent: 'a', state: 'down' }] })
}

export async function settings(): Promise<(string | number | undefined)[]> {
  const policies = await client.GET('/v1/policies')
  const policy = await client.GET('/v1/policies/{name}', { params: name })
  const body = { match: 'site/**', states: ['up', 'down'], confirm: { '*': 5 }, quorum: 'half' }
  await client.PUT('/v1/policies/{name}', { params: name, body })
  await client.DELETE('/v1/policies/{name}', { params: name })
  const agent = { path: { agent: 'a' } }
  const agents = await client.GET('/v1/agents')
  await client.GET('/v1/agents/{agent}', { params: agent })
  await client.PUT('/v1/agents/{agent}', { params: agent, body: { weight: 2, muted: false } })
  await client.DELETE('/v1/agents/{agent}', { params: agent })
  return [policies.data?.items[0]?.name, policy.data?.match, agents.data?.items[0]?.weight]
}

export async function operating(): Promise<(string | undefined)[]> {
  await client.GET('/v1/states/stream', { parseAs: 'stream' })
  const cluster = await client.GET('/v1/cluster')
  const letters = await client.GET('/v1/dead-letters')
  const whole = await client.GET('/v1/dead-letters/{position}', { params: letter })
  const header: readonly string[] | undefined = whole.data?.headers[0]
  await client.DELETE('/v1/dead-letters/{position}', { params: letter })
  await client.POST('/v1/dead-letters/{position}/replay', { params: letter })
  const skip = { offset: 17, reason: 'no process survives it' }
  await client.POST('/v1/partitions/{partition}/skip', { params: partition, body: skip })
  await client.POST('/v1/partitions/{partition}/acknowledge-source', { params: partition, body: {} })
  await client.POST('/v1/notifier/partitions/{partition}/skip', { params: partition, body: skip })
  await client.POST('/v1/notifier/partitions/{partition}/acknowledge-source', { params: partition, body: {} })
  return [cluster.data?.members[0]?.url, letters.data?.items[0]?.position, header?.[0]]
}

export async function telling(): Promise<(string | undefined)[]> {
  const deliveries = await client.GET('/v1/deliveries', { params: { query: { object: 'site/x' } } })
  await client.POST('/v1/deliveries/{id}/redrive', { params: id })
  await client.DELETE('/v1/deliveries/{id}', { params: id })
  const receivers = await client.GET('/v1/receivers')
  await client.GET('/v1/receivers/{name}', { params: name })
  const endpoints = [{ channel: 'webhook', settings: { url: 'https://example.com/' } }]
  await client.PUT('/v1/receivers/{name}', { params: name, body: { endpoints } })
  await client.DELETE('/v1/receivers/{name}', { params: name })
  await client.POST('/v1/receivers/{name}/test', { params: name })
  await client.GET('/v1/routes')
  await client.PUT('/v1/routes', { body: { receiver: 'r', routes: [{ match: { object: 'a/**' }, receiver: 'r' }] } })
  await client.DELETE('/v1/routes')
  await client.POST('/v1/routes/test', { body: { object: 'site/x', state: 'down' } })
  await client.GET('/v1/silences')
  await client.POST('/v1/silences', { body: silence })
  await client.GET('/v1/silences/{id}', { params: id })
  await client.PUT('/v1/silences/{id}', { params: id, body: silence })
  await client.DELETE('/v1/silences/{id}', { params: id })
  await client.GET('/v1/inhibitions')
  await client.GET('/v1/inhibitions/{name}', { params: name })
  await client.PUT('/v1/inhibitions/{name}', { params: name, body: { parent: 'site', dependants: 'site/*' } })
  await client.DELETE('/v1/inhibitions/{name}', { params: name })
  await client.POST('/v1/templates/preview', { body: { channel: 'email' } })
  return [deliveries.data?.items[0]?.decision, receivers.data?.items[0]?.name]
}
