import 'reflect-metadata'
import { ProblemError, QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import type { Running } from '@quorate/http'
import { changelogKey } from '@quorate/state-store'
import { startAggregator } from '../bootstrap'
import { historyKey, TABLE } from '@quorate/engine/core'

jest.setTimeout(60_000)

const CHANGELOG = 'quorate.aggregator.changelog'
let log: EmbeddedLog
let server: Running | undefined
let client: QuorateClient

async function start(): Promise<void> {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '1']
  const config = loadConfig('aggregator', { argv, env: { KAFKA_BROKERS: 'unused:9092' }, readFile: () => '' })
  server = await startAggregator(config, { log })
  client = new QuorateClient({ url: server.url, retries: 30 })
  await client.page({ partial: 'refuse' })
}

/** The rows as the changelog has them after the last record: what the next start is restored from. */
async function damaged(rows: Readonly<Record<string, string>>): Promise<void> {
  await server!.close()
  const records = Object.entries(rows).map(([key, value]) => ({ topic: CHANGELOG, partition: 0, key, value }))
  await log.append(records)
  await start()
}

beforeAll(async () => {
  log = await openEmbeddedLog({ memory: true })
  await start()
  for (const id of ['x/1', 'x/3', 'x/5']) await client.report(id, 'a', { state: 'up', evidence: 1 }, { wait: 5 })
  await client.report('x/5', 'a', { state: 'down' }, { wait: 5 })
  await damaged({
    [changelogKey(TABLE.object, 'x/2')]: '\u0000rubbish',
    [changelogKey(TABLE.object, 'x/4')]: '\u0000',
    [changelogKey(TABLE.history, historyKey('x/5', 1))]: '{"version"',
  })
})
afterAll(async () => {
  await server!.close()
  await log.close()
})

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof ProblemError ? `${error.status} ${error.code}` : String(error)),
  )

describe('an object whose rows cannot be read', () => {
  it('is a problem with its name and what to do, at every door', async () => {
    const doors = [
      client.get('x/2'),
      client.explanation('x/2'),
      client.history('x/2'),
      client.history('x/5'),
      client.setOverride('x/2', { state: 'up', reason: 'r', expiresAt: Date.now() + 60_000 }, { ifMatch: '*' }),
      client.delete('x/4', { ifMatch: '*' }),
    ]
    expect(await Promise.all(doors.map(codeOf))).toEqual(doors.map(() => '500 object-unreadable'))
    await expect(client.get('x/4')).rejects.toThrow('rows of "x/4" cannot be read')
    expect((await client.get('x/5')).view.state).toBe('down')
  })

  it('is left out of lists, which name it, page by page', async () => {
    const whole = await client.page({ partial: 'refuse' })
    expect(whole.items.map(({ object }) => object)).toEqual(['x/1', 'x/3', 'x/5'])
    expect(whole).toMatchObject({ complete: false, missing: [], unreadable: ['x/2', 'x/4'] })
    const named: string[] = []
    const seen: string[] = []
    const onUnreadable = (objects: readonly string[]) => void named.push(...objects)
    for await (const { object } of client.list({ limit: 1, onUnreadable })) seen.push(object)
    expect([seen, named]).toEqual([
      ['x/1', 'x/3', 'x/5'],
      ['x/2', 'x/4'],
    ])
    expect(await client.page({ prefix: 'x/1' })).not.toHaveProperty('unreadable')
  })
})
