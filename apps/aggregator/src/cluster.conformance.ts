import 'reflect-metadata'
import { loadConfig, Secret } from '@quorate/config'
import { bodyHash, FORWARDED, type Running, sign, SIGNATURE } from '@quorate/http'
import { topicNames } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { get } from 'node:http'
import { startAggregator } from './bootstrap'

const SECRET = 'cluster-secret'
const KEY = { 'x-api-key': 'k-1' }

export interface ClusterLog {
  readonly brokers: string
  readonly prefix: string
  /** The log that all instances share; each opens its own where there is none. */
  readonly shared?: Log
}

/** Two instances on one log, of whatever kind: what every instance answers for every object. */
export function describeCluster(open: () => Promise<ClusterLog>): void {
  let place: ClusterLog
  const instances: Running[] = []

  const start = async (): Promise<Running> => {
    const env = { KAFKA_BROKERS: place.brokers, QUORATE_CLUSTER_SECRET: SECRET, QUORATE_API_KEY: KEY['x-api-key'] }
    const argv = [
      '--port',
      '0',
      '--data-dir',
      ':memory:',
      '--log-level',
      'silent',
      '--partitions',
      '4',
      '--replication',
      '1',
      '--topic-prefix',
      place.prefix,
    ]
    const config = loadConfig('aggregator', { argv, env, readFile: () => '' })
    const running = await startAggregator(config, place.shared ? { log: place.shared } : {})
    instances.push(running)
    return running
  }

  const call = async (
    instance: Running,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(`${instance.url}${path}`, {
      method,
      headers: { ...KEY, ...type, ...headers },
      ...sent,
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text,
      json: text === '' ? undefined : JSON.parse(text),
    }
  }

  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await new Promise(setImmediate)
  }
  const settled = (instance: Running, members: number) =>
    until(async () => {
      const { status, json } = await call(instance, 'GET', '/v1/cluster')
      return (
        status === 200 &&
        json.members.length === members &&
        json.members.every((m: { reachable: boolean }) => m.reachable) &&
        json.partitions.every((p: { state: string }) => p.state === 'running')
      )
    })

  const ids = Array.from({ length: 40 }, (_, i) => `site/${i} ü#?%`)
  const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`

  beforeAll(async () => {
    place = await open()
    const [a, b] = [await start(), await start()]
    await Promise.all([settled(a, 2), settled(b, 2)])
  }, 60_000)
  afterAll(async () => {
    for (const instance of instances) await instance.close()
    await place.shared?.close()
  }, 60_000)

  describe('two instances', () => {
    it('share the partitions, and both take reports for all of them', async () => {
      const [a, b] = instances as [Running, Running]
      const { json } = await call(a, 'GET', '/v1/cluster')
      expect(new Set(json.partitions.map((p: { owner: string }) => p.owner))).toEqual(new Set([a.url, b.url]))
      for (const [i, id] of ids.entries()) {
        const { status, json } = await call(i % 2 ? a : b, 'PUT', at(id, '/reports/a?wait=5s'), { state: 'up' })
        expect([status, json.object, json.state]).toEqual([200, id, 'up'])
      }
    })

    it('answer for every object, byte for byte the same', async () => {
      const [a, b] = instances as [Running, Running]
      const owners = new Set<string>()
      const same = ({ status, headers, text }: Awaited<ReturnType<typeof call>>) => {
        const { date: _d, 'x-request-id': _r, connection: _c, 'keep-alive': _k, ...rest } = headers
        return { status, headers: rest, text }
      }
      for (const id of [...ids, 'not there']) {
        for (const path of [at(id), at(id, '/explanation'), at(id, '/history')]) {
          const headers = { 'x-request-id': 'one' }
          const answers = [
            await call(a, 'GET', path, undefined, headers),
            await call(b, 'GET', path, undefined, headers),
          ] as const
          expect(same(answers[0])).toEqual(same(answers[1]))
          owners.add(answers[0].headers['quorate-owner']!)
        }
      }
      expect(owners).toEqual(new Set([a.url, b.url]))
    })

    it('pass on conditions, authors and refusals', async () => {
      const [a, b] = instances as [Running, Running]
      for (const [i, id] of ids.slice(0, 8).entries()) {
        const through = i % 2 ? a : b
        const etag = (await call(through, 'GET', at(id))).headers.etag!
        expect((await call(through, 'GET', at(id), undefined, { 'if-none-match': etag })).status).toBe(304)
        const body = { state: 'down', reason: 'works ü', expiresAt: Date.now() + 60_000 }
        expect((await call(through, 'PUT', at(id, '/override'), body)).status).toBe(428)
        const set = await call(through, 'PUT', at(id, '/override'), body, { 'if-match': etag })
        expect([set.status, set.json.override]).toEqual([
          200,
          expect.objectContaining({ author: 'admin', reason: 'works ü' }),
        ])
        expect((await call(through, 'PUT', at(id, '/override'), body, { 'if-match': etag })).status).toBe(412)
        expect(
          (
            await call(
              through,
              'PUT',
              at(id, '/override'),
              { ...body, expiresAt: 1 },
              { 'if-match': set.headers.etag! },
            )
          ).json.errors,
        ).toEqual([{ pointer: '/expiresAt', detail: 'must be in the future' }])
        expect((await call(through, 'DELETE', at(id), undefined, { 'if-match': '*' })).status).toBe(204)
        expect((await call(i % 2 ? b : a, 'GET', at(id))).status).toBe(404)
        await call(through, 'PUT', at(id, '/reports/a?wait=5s'), { state: 'up' })
      }
    })

    it('list the objects of all partitions, in the same pages', async () => {
      const [a, b] = instances as [Running, Running]
      const walk = async (instance: Running) => {
        const seen: string[] = []
        for (let cursor: string | undefined = ''; cursor !== undefined;) {
          const { json } = await call(instance, 'GET', `/v1/objects?limit=7${cursor}`)
          expect(json).toMatchObject({ complete: true, missing: [] })
          seen.push(...json.items.map(({ object }: { object: string }) => object))
          cursor = json.next && `&cursor=${json.next}`
        }
        return seen
      }
      expect(await walk(a)).toEqual([...ids].sort())
      expect(await walk(b)).toEqual([...ids].sort())
    })

    it('set policies by either', async () => {
      for (const [i, instance] of instances.entries()) {
        const put = await call(instance, 'PUT', `/v1/policies/p${i}`, { match: 'nothing' })
        expect([put.status, put.headers['quorate-position']!.split(', ').length]).toEqual([200, 4])
      }
      for (const instance of instances) expect((await call(instance, 'GET', '/v1/policies')).json.items).toHaveLength(3)
    })

    it('replay a dead letter once, though both are asked at once', async () => {
      const log = place.shared ?? (await openKafkaLog({ brokers: place.brokers.split(','), clientId: 'spec' }))
      const { reports } = topicNames(place.prefix)
      await log.append([{ topic: reports, partition: 2, key: 'site/1', value: 'nobody can read this' }])
      if (!place.shared) await log.close()
      const [a, b] = instances as [Running, Running]
      const listed = () => call(a, 'GET', '/v1/dead-letters')
      await until(async () => (await listed()).json.items.length > 0)
      const { position } = (await listed()).json.items[0]
      const path = `/v1/dead-letters/${position}`
      const answers = await Promise.all([a, b, a, b].map((instance) => call(instance, 'POST', `${path}/replay`)))
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409])
      expect((await call(b, 'DELETE', path)).status).toBe(409)
      // It is refused again, as a new one.
      await until(async () => (await listed()).json.items.length === 1)
      const [again] = (await listed()).json.items
      const drop = async (instance: typeof a) =>
        (await call(instance, 'DELETE', `/v1/dead-letters/${again.position}`)).status
      expect([await drop(a), await drop(b)]).toEqual([204, 409])
      expect((await listed()).json.items).toEqual([])
    })

    it('never forward twice, and refuse a forwarded request that nobody signed', async () => {
      const [a, b] = instances as [Running, Running]
      const foreign = await (async () => {
        for (const id of ids) if ((await call(a, 'GET', at(id))).headers['quorate-owner'] === b.url) return id
        throw new Error('b owns nothing')
      })()
      expect((await call(a, 'GET', at(foreign), undefined, { [FORWARDED]: '1' })).status).toBe(403)
      const principal = Buffer.from('{"name":"admin","roles":["reader"]}').toString('base64url')
      const time = Date.now()
      const signature = sign(new Secret(SECRET), {
        method: 'GET',
        path: at(foreign),
        body: undefined,
        principal,
        headers: {},
        at: time,
        to: a.url,
        nonce: 'n',
      })
      const headers = { [FORWARDED]: `${time};${bodyHash(undefined)};${principal};n`, [SIGNATURE]: signature }
      const { status, json, headers: back } = await call(a, 'GET', at(foreign), undefined, headers)
      expect([status, json.code, back['retry-after']]).toEqual([503, 'rebalancing', '1'])
    })

    it('stream the states of all partitions from either', async () => {
      const [a] = instances as [Running, Running]
      const objects = await new Promise<string[]>((resolve, reject) => {
        const seen: string[] = []
        let text = ''
        const request = get(`${a.url}/v1/states/stream`, { headers: KEY }, (response) => {
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
            const messages = text.split('\n\n')
            text = messages.pop()!
            for (const message of messages) {
              if (message.includes('event: sync')) {
                request.destroy()
                resolve(seen)
              } else seen.push(JSON.parse(/^data: (.*)$/m.exec(message)![1]!).object)
            }
          })
        }).on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)))
      })
      expect(objects).toEqual([...ids].sort())
    })

    it('go on alone when one leaves, and name what is missing meanwhile', async () => {
      const [a, b] = instances as [Running, Running]
      await b.close()
      instances.splice(1, 1)
      const statuses = new Set<number>()
      await until(async () => {
        const { status, json } = await call(a, 'GET', '/v1/objects?limit=100')
        statuses.add(status)
        if (!json.complete)
          for (const { reason } of json.missing)
            expect(['owner-unreachable', 'no-owner', 'rebalancing', 'restoring']).toContain(reason)
        return json.complete
      })
      expect([...statuses]).toEqual([200])
      for (const id of ids) expect((await call(a, 'GET', at(id))).json.state).toBe('up')
    })
  })
}
