import 'reflect-metadata'
import { type Config, loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type Log, partitionOf } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sink } from '../../testing/changes'
import { Receiver } from '../../testing/receiver'
import { until } from '../../testing/until'
import { startNotifier } from '../bootstrap'
import type { DeliveriesPage } from '@quorate/contracts'

describe('two notifiers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'notifiers-'))
  const sink = new Sink()
  const objects = Array.from({ length: 12 }, (_, i) => `o${i}`)
  let receiver: Receiver
  let log: Log
  let running: Running[]
  const start = (name: string) => {
    const read = loadConfig('standalone', {
      env: { QUORATE_PORT: '0', QUORATE_PARTITIONS: '4', QUORATE_LOG_LEVEL: 'silent' },
      readFile: () => {
        throw Object.assign(new Error('no file'), { code: 'ENOENT' })
      },
    })
    const config: Config = {
      ...read,
      app: 'notifier',
      applicationId: 'notifier',
      dataDir: join(dir, name),
      webhookUrl: receiver.url,
    }
    return startNotifier(config, { log })
  }
  const list = async ({ url }: Running, query = ''): Promise<DeliveriesPage> =>
    (await (await fetch(`${url}/v1/deliveries?${query}`)).json()) as DeliveriesPage
  const owned = async ({ url }: Running): Promise<number> => {
    const { checks } = (await (await fetch(`${url}/readyz?verbose`)).json()) as {
      checks: { partitions: { state: string }[] }[]
    }
    return checks[0]!.partitions.filter(({ state }) => state === 'running').length
  }

  beforeAll(async () => {
    receiver = await Receiver.listen()
    receiver.answer = () => ({ status: 400 })
    log = await openEmbeddedLog({ memory: true })
    running = [await start('a'), await start('b')]
    await until(
      () => Promise.all(running.map(owned)),
      (counts) => counts.every((count) => count === 2),
    )
    const records = objects.map((object) => sink.changed(object, 'down', Date.now()))
    await log.append(
      records.map((record) => ({ ...record, topic: 'quorate.states', partition: partitionOf(record.key!, 4) })),
    )
    for (const _ of objects) await receiver.next()
    await until(
      () => list(running[0]!, 'status=dead'),
      ({ items }) => items.length === objects.length,
    )
  }, 30_000)
  afterAll(async () => {
    await Promise.all(running.map((one) => one.close()))
    await log.close()
    await receiver.close()
    rmSync(dir, { recursive: true })
  })

  it('send each change once, and either answers for all of them, alike', async () => {
    const [a, b] = await Promise.all(running.map((one) => list(one)))
    expect(a).toEqual(b)
    expect(a).toMatchObject({ complete: true, missing: [] })
    expect(a!.items.map((item) => item.object).sort()).toEqual([...objects].sort())
    expect(receiver.received).toHaveLength(objects.length)
  })

  it('answer for one object wherever it lies', async () => {
    for (const one of running)
      for (const object of objects) expect((await list(one, `object=${object}`)).items).toMatchObject([{ object }])
  })

  it('give the same pages in whatever turns they are asked', async () => {
    const seen: string[] = []
    for (let turn = 0, cursor = ''; ; turn++) {
      const page = await list(running[turn % 2]!, `limit=5${cursor}`)
      seen.push(...page.items.map((item) => item.id))
      if (page.next === undefined) break
      cursor = `&cursor=${page.next}`
    }
    expect(new Set(seen).size).toBe(objects.length)
  })

  it('redrive a dead letter wherever it lies', async () => {
    receiver.answer = () => ({ status: 200 })
    const { items } = await list(running[0]!)
    for (const { id } of items) {
      const { status } = await fetch(`${running[0]!.url}/v1/deliveries/${id}/redrive`, { method: 'POST' })
      expect(status).toBe(204)
      expect((await receiver.next()).headers['webhook-id']).toBe(id)
    }
    await until(
      () => list(running[1]!, 'status=delivered'),
      (page) => page.items.length === objects.length,
    )
    expect((await fetch(`${running[1]!.url}/v1/deliveries/msg_none/redrive`, { method: 'POST' })).status).toBe(404)
  })
})
