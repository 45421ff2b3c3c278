import 'reflect-metadata'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { startAggregator } from '../../aggregator/src/bootstrap'
import { startNotifier } from '../../notifier/src/bootstrap'
import { askAggregator, askNotifier } from './connection'
import { EXIT, explain } from './exit'

let dir: string
let log: EmbeddedLog
let aggregator: Running
let notifier: Running

// The settings of this Jest run are not settings of a command.
for (const name of Object.keys(process.env)) if (/^QUORATE_(TEST|REQUIRE)_/.test(name)) delete process.env[name]

/** Both parts apart, as they run on Kafka. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'connection-'))
  log = await openEmbeddedLog({ memory: true })
  const config = (app: 'aggregator' | 'notifier') =>
    loadConfig(app, {
      argv: ['--port', '0', '--data-dir', join(dir, app), '--log-level', 'silent'],
      env: { KAFKA_BROKERS: 'unused:9092' },
      readFile: () => '',
    })
  aggregator = await startAggregator(config('aggregator'), { log })
  notifier = await startNotifier(config('notifier'), { log })
})
afterAll(async () => {
  await notifier.close()
  await aggregator.close()
  await log.close()
  await rm(dir, { recursive: true })
})
afterEach(() => {
  delete process.env['QUORATE_URL']
  delete process.env['QUORATE_NOTIFIER_URL']
})

const policies = (url?: string) =>
  askAggregator(url === undefined ? {} : { url }, async (it) => void (await it.policies()))
const silences = (url?: string) =>
  askNotifier(url === undefined ? {} : { url }, async (it) => void (await it.silences()))

it('a command for the notifier that reaches an aggregator says which address to set', async () => {
  const error: unknown = await silences(aggregator.url).catch((it: unknown) => it)
  expect(explain(error)).toEqual({
    code: EXIT.refused,
    text: expect.stringMatching(
      /^http:\S+ does not have this resource\. .* Name the notifier with --url or QUORATE_NOTIFIER_URL/,
    ),
  })
})

it('a command for the aggregator that reaches a notifier says which address to set', async () => {
  const error: unknown = await policies(notifier.url).catch((it: unknown) => it)
  expect(explain(error).text).toMatch(/Name the aggregator with --url or QUORATE_URL/)
})

it('QUORATE_NOTIFIER_URL names the notifier beside QUORATE_URL, and --url overrides both', async () => {
  process.env['QUORATE_URL'] = aggregator.url
  process.env['QUORATE_NOTIFIER_URL'] = notifier.url
  await policies()
  await silences()
  await expect(silences(aggregator.url)).rejects.toMatchObject({ code: 'wrong-server' })
})
