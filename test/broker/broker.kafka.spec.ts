import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { describeOwnKafka, kafkaTool, startBroker, type BrokerCluster } from '.'

const accepts = (address: string) =>
  new Promise<boolean>((resolve) => {
    const [host, port] = address.split(':')
    const socket = connect(Number(port), host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

describeOwnKafka('a broker started by a test', () => {
  let broker: BrokerCluster

  beforeAll(async () => {
    broker = await startBroker()
  }, 120_000)
  afterAll(() => broker.stop())

  it('keeps its address and its topics over kill -9 and restart', async () => {
    const [address] = broker.brokers as [string]
    const topics = (...args: string[]) =>
      kafkaTool('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', address, ...args])
    await topics('--create', '--topic', 'kept', '--partitions', '2')
    await broker.kill()
    expect(await accepts(address)).toBe(false)
    await broker.restart()
    expect(await topics('--list')).toContain('kept')
    expect(existsSync(`${broker.dataDir()}/kept-1`)).toBe(true)
  }, 120_000)
})
