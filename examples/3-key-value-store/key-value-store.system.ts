import { type BrokerCluster, describeOwnKafka, startBroker } from '../../test/broker'
import { ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, SystemProcess } from '../../test/system/process'

afterAll(endAll)

/** The example as its README starts it. */
function example(env: Record<string, string>): SystemProcess {
  return new SystemProcess('npm', { args: ['run', '-s', 'example', '--', '3-key-value-store'], cwd: ROOT, env })
}

const told = async (it: SystemProcess, command: string, expected: RegExp) => {
  it.stdin.write(`${command}\n`)
  return it.line(expected)
}

async function leave(it: SystemProcess): Promise<void> {
  it.stdin.end()
  expect(await it.exited).toEqual({ code: 0, signal: null })
}

describe('the key-value store on the embedded log', () => {
  const folder = temporaryFolder('example-3')
  afterAll(() => folder.remove())

  it('prints what it reads, shows tombstones, and has it all after kill -9', async () => {
    const first = example({ QUORATE_DATA_DIR: folder.path })
    await first.line(/^0 keys in example\.settings/)
    await told(first, 'put greeting {"de":"Hallo"}', /^0@0 {2}greeting {2}\{"de":"Hallo"\}$/)
    await told(first, 'put answer 42', /^0@1 {2}answer {2}42$/)
    await told(first, 'delete greeting', /^0@2 {2}greeting {2}\(deleted\)$/)
    await told(first, 'get greeting', /^greeting = \(nothing\)$/)
    await first.kill()

    const second = example({ QUORATE_DATA_DIR: folder.path })
    await second.line(/^1 keys in example\.settings/)
    expect(second.stdout.slice(0, 3)).toEqual([
      '0@0  greeting  {"de":"Hallo"}',
      '0@1  answer  42',
      '0@2  greeting  (deleted)',
    ])
    await told(second, 'list', /^answer = 42$/)
    await leave(second)
  }, 60_000)
})

describeOwnKafka('the key-value store with three partitions and three replicas on three brokers', () => {
  let cluster: BrokerCluster
  beforeAll(async () => {
    cluster = await startBroker({ nodes: 3 })
  }, 180_000)
  afterAll(() => cluster?.stop())

  const settings = () => ({ KAFKA_BROKERS: cluster.brokers.join(','), PARTITIONS: '3', REPLICAS: '3' })
  const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`)

  it('shows each what the other writes, goes on without one broker, and survives a restart', async () => {
    const writer = example(settings())
    await writer.line(/^0 keys/)
    const reader = example(settings())
    await reader.line(/^0 keys/)
    for (const [i, key] of KEYS.entries())
      await told(writer, `put ${key} ${i}`, new RegExp(`^\\d@\\d+ {2}${key} {2}${i}$`))
    await reader.line(/^\d@\d+ {2}key-11 {2}11$/)
    const partitions = new Set(writer.stdout.flatMap((line) => /^(\d)@/.exec(line)?.[1] ?? []))
    expect([...partitions].sort()).toEqual(['0', '1', '2'])

    await cluster.kill(3)
    await told(reader, 'delete key-0', /^\d@\d+ {2}key-0 {2}\(deleted\)$/)
    await writer.line(/^\d@\d+ {2}key-0 {2}\(deleted\)$/)
    await leave(writer)
    await leave(reader)

    const again = example(settings())
    await again.line(/^11 keys/, 60_000)
    await told(again, 'get key-7', /^key-7 = 7$/)
    await leave(again)
  }, 180_000)
})
