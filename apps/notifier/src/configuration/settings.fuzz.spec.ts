import 'reflect-metadata'
import { type Config, loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { fuzzing, intrusions } from '@quorate/streams/testing'
import fc from 'fast-check'
import { Sink } from '../../testing/changes'
import { Receiver } from '../../testing/receiver'
import { until } from '../../testing/until'
import { startNotifier } from '../bootstrap'

const TOPIC = 'quorate.settings'
const KEYS = [
  'notify-receivers/ops', 'notify-receivers/', 'notify-receivers/__proto__', 'notify-receivers/a/b', 'notify-routes/root', 'notify-routes/other', 'notify-silences/s',
  'notify-inhibitions/i', 'notify-parents/i', 'notify-parents/other', 'notify-gone/webhook', 'notify-gone/ops/0', 'notify-declared/file', 'notify-other/x', 'requests/k',
  'dead-letters/0@1', 'no-table', '', '/',
] // prettier-ignore
const webhook = (url: string) => ({
  endpoints: [{ channel: 'webhook', settings: { url, allowAddresses: ['127.0.0.1'] } }],
})
const declared = (url: string): Record<string, unknown> => ({
  receivers: { ops: { ...webhook(url), fallback: 'second' }, second: webhook(url) },
  routes: { receiver: 'ops', groupWait: '1s', routes: [{ match: { object: ['a/**', 'b/*'], state: ['down'] }, receiver: 'second', repeatInterval: '4h' }] },
  silences: { s: { match: { object: 'muted/**' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z', author: 'me', comment: 'x' } },
  inhibitions: { i: { parent: 'rack', dependants: ['rack/**'] } },
}) // prettier-ignore

it('starts, takes settings, tells and stops whatever lies in the settings', async () => {
  const intruders = fc.array(intrusions({ keys: KEYS }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(intruders, intruders, async (before, meanwhile) => {
      const receiver = await Receiver.listen()
      const log = await openEmbeddedLog({ memory: true })
      const base = loadConfig('standalone', {
        env: { QUORATE_PORT: '0', QUORATE_PARTITIONS: '1', QUORATE_LOG_LEVEL: 'silent' },
        readFile: () => '',
      })
      const config: Config = { ...base, app: 'notifier', applicationId: 'notifier', dataDir: ':memory:' }
      const start = (notify?: unknown) =>
        startNotifier(
          { ...config, sections: { ...base.sections, ...(notify === undefined ? {} : { notify }) } },
          { log },
        )
      const sink = new Sink()
      const rows = async () => {
        const reader = log.reader({ topic: TOPIC, partition: 0, from: 0 })
        const { records } = await reader.next()
        reader.close()
        return records.filter(({ key }) => key !== null).map(({ key, value }) => ({ key, value }))
      }
      const lie = (records: { key: string | Buffer | null; value: Buffer | null }[]) =>
        log.append(records.map((it) => ({ topic: TOPIC, partition: 0, ...it })))
      let good = 0
      /** A receiver and routes are put, and the next change is told by them. */
      const goesOn = async (url: string): Promise<void> => {
        const put = async (path: string, body: unknown) => {
          const init = { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
          const answer = await fetch(`${url}${path}`, init)
          expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([expect.any(Number), ''])
        }
        await put('/v1/receivers/fresh', webhook(receiver.url))
        await put('/v1/routes', { receiver: 'fresh', groupWait: 0, groupInterval: 0, unknownAfter: 0 })
        const object = `good/${good++}`
        const { key, value, headers } = sink.changed(object, 'down', Date.now())
        await log.append([{ topic: 'quorate.states', partition: 0, key, value, ...(headers ? { headers } : {}) }])
        for (let told = ''; told !== object;)
          told = ((await receiver.next()).body as { data: { object: string } }).data.object
      }
      try {
        const first = await start(declared(receiver.url))
        await first.close()
        const real = await rows()
        await lie(before.map((it) => it(real)))
        const running = await start(declared(receiver.url))
        await goesOn(running.url)
        await lie(meanwhile.map((it) => it(real)))
        await goesOn(running.url)
        await until(async () => (await fetch(`${running.url}/livez`)).status, (status) => status === 200) // prettier-ignore
        for (const path of ['receivers', 'routes', 'silences', 'inhibitions', 'endpoints'])
          expect((await fetch(`${running.url}/v1/${path}`)).status).toBeLessThan(500)
        await running.close()
        await (await start()).close()
      } finally {
        await receiver.close()
        await log.close()
      }
    }),
    { ...fuzzing(8), endOnFailure: true },
  )
}, 3_600_000)
