import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Log, type LogRecord, type Logger, type Offset, readRange } from '@quorate/log'
import { UsageError } from '../exit'
import type { Place } from '@quorate/engine/core'

export interface LogPlace {
  /** `host:port,…` */
  readonly brokers?: string
  /** Directory of the embedded log. */
  readonly dataDir?: string
}

const QUIET: Logger = { debug() {}, info() {}, warn: tell, error: tell }

function tell(fields: object, text: string): void {
  process.stderr.write(`${text} ${JSON.stringify(fields)}\n`)
}

/**
 * The settings with the log that the options name.
 * @throws UsageError, ConfigError
 */
async function configFor({ brokers, dataDir }: LogPlace) {
  if (brokers !== undefined && dataDir !== undefined) throw new UsageError('Give --brokers or --data-dir, not both.')
  const { loadConfig } = await import('@quorate/config')
  const argv = [
    ...(brokers === undefined ? [] : ['--log', 'kafka', '--kafka-brokers', brokers]),
    ...(dataDir === undefined ? [] : ['--log', 'embedded', '--data-dir', dataDir]),
  ]
  return loadConfig('cli', { argv })
}

/**
 * Whether that log is the embedded one, which only one process at a time can open.
 * @throws UsageError, ConfigError
 */
export const isEmbedded = async (place: LogPlace): Promise<boolean> => (await configFor(place)).log === 'embedded'

/**
 * Opens the log that the options, or else the settings, name. Loads only the adapter in use, and never creates a log.
 * @throws UsageError, ConfigError, LogError
 */
export async function openSourceLog(place: LogPlace): Promise<Log> {
  const config = await configFor(place)
  const { embeddedLogDir, openLog } = await import('@quorate/config')
  const file = join(embeddedLogDir(config.dataDir), 'log.db')
  if (config.log === 'embedded' && !existsSync(file))
    throw new UsageError(`There is no log in ${config.dataDir}. Name one with --data-dir, or brokers with --brokers.`)
  return openLog(config, QUIET)
}

/** A partition of a topic up to its end at the time of the query. */
export interface Stretch extends Place {
  readonly topic: string
  readonly start: Offset
  readonly end: Offset
}

/**
 * The partitions of a topic with their current ends.
 * @throws UsageError if the topic or partition does not exist
 */
export async function stretches(log: Log, topic: string, only?: number): Promise<Stretch[]> {
  const description = await log.describeTopic(topic)
  if (description === undefined) throw new UsageError(`There is no topic ${JSON.stringify(topic)}.`)
  const { partitions } = description
  if (only !== undefined && only >= partitions)
    throw new UsageError(`${topic} has the partitions 0 to ${partitions - 1}; there is no ${only}.`)
  const found = (await log.offsets(topic)).map((offsets) => ({ ...offsets, topic, partitions }))
  return found
    .filter(({ partition }) => only === undefined || partition === only)
    .sort((a, b) => a.partition - b.partition)
}

/** The records of a stretch, batch by batch: only what is read ahead is in memory. */
export const recordsOf = (log: Log, { topic, partition, start, end }: Stretch): AsyncIterable<readonly LogRecord[]> =>
  readRange(log, { topic, partition, from: start, end, maxBytes: 4 << 20 })
