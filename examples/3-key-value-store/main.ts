import { createInterface } from 'node:readline'
import { type KeyValueChange, KeyValueTable, type Log } from '@quorate/key-value-table'
import { openEmbeddedLog } from '@quorate/key-value-table/embedded'
import { openKafkaLog } from '@quorate/key-value-table/kafka'

const brokers = process.env['KAFKA_BROKERS']
const directory = process.env['QUORATE_DATA_DIR'] ?? './data/examples'
const topic = process.env['TOPIC'] ?? 'example.settings'
const count = (name: string) => Number(process.env[name] ?? 1)
const say = (text: string) => process.stdout.write(`${text}\n`)

/** One line for every record: where it lies, its key, and its value or that it is gone. */
const show = ({ partition, offset, key, value }: KeyValueChange<unknown>) =>
  say(`${partition}@${offset}  ${key}  ${value === undefined ? '(deleted)' : JSON.stringify(value)}`)

const openLog = (): Promise<Log> =>
  brokers
    ? openKafkaLog({ brokers: brokers.split(','), clientId: 'example' })
    : openEmbeddedLog({ dir: `${directory}/log` })

async function main(): Promise<void> {
  const log = await openLog()
  await log.ensureTopics(
    [{ name: topic, partitions: count('PARTITIONS'), cleanupPolicy: 'compact', timestampType: 'CreateTime' }],
    { replication: count('REPLICAS') },
  )
  const table = await KeyValueTable.open<unknown>({ log, topic, onChange: show })
  say(`${table.size} keys in ${topic}; put KEY JSON, get KEY, delete KEY, list`)
  for await (const line of createInterface({ input: process.stdin })) {
    await obey(table, line).catch((error: unknown) => say(String(error)))
  }
  await table.close()
  await log.close()
}

async function obey(table: KeyValueTable<unknown>, line: string): Promise<void> {
  const [command = '', key = '', ...rest] = line.trim().split(' ')
  if (command === 'put') await table.put(key, JSON.parse(rest.join(' ')))
  else if (command === 'delete') await table.delete(key)
  else if (command === 'get') say(`${key} = ${JSON.stringify(table.get(key)) ?? '(nothing)'}`)
  else if (command === 'list') for (const [name, value] of table.entries()) say(`${name} = ${JSON.stringify(value)}`)
  else if (command !== '') say(`${command}? put KEY JSON, get KEY, delete KEY, list`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
