import { LogError, type TopicDescription, type TopicSpec } from '../src'
import type { Cluster } from './cluster'
import { CODE, codeName, ProtocolError } from './protocol-errors'
import { createTopics, describeConfigs } from './requests/topics'

const NAMES = {
  cleanupPolicy: 'cleanup.policy',
  timestampType: 'message.timestamp.type',
  retentionMs: 'retention.ms',
  minCompactionLagMs: 'min.compaction.lag.ms',
  deleteRetentionMs: 'delete.retention.ms',
  maxMessageBytes: 'max.message.bytes',
} as const

/** What Kafka itself takes when a topic sets nothing; used where the settings may not be read. */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588

/**
 * Kafka refuses records whose time lies an hour ahead unless told otherwise; one agent's wrong clock must not stop a
 * partition.
 */
const ANY_TIMESTAMP = { 'message.timestamp.after.max.ms': '9223372036854775807' }

export async function describe(cluster: Cluster, name: string): Promise<TopicDescription | undefined> {
  const topic = await cluster.topic(name)
  if (!topic) return undefined
  const [settings] = await cluster.ask(describeConfigs([name], Object.values(NAMES)))
  if (settings!.errorCode === CODE.UNKNOWN_TOPIC_OR_PARTITION) return undefined
  if (settings!.errorCode !== CODE.NONE) throw new ProtocolError(settings!.errorCode, `DescribeConfigs of ${name}`)
  const entry = (key: keyof typeof NAMES): string => settings!.entries.get(NAMES[key]) ?? ''
  return {
    name,
    id: topic.id,
    partitions: topic.partitions.length,
    replication: Math.min(...topic.partitions.map(({ replicas }) => replicas.length)),
    cleanupPolicy: entry('cleanupPolicy'),
    timestampType: entry('timestampType'),
    retentionMs: Number(entry('retentionMs')),
    minCompactionLagMs: Number(entry('minCompactionLagMs')),
    deleteRetentionMs: Number(entry('deleteRetentionMs')),
    maxMessageBytes: Number(entry('maxMessageBytes')),
  }
}

/**
 * Asks for the topics; that others create them at the same moment is as good. Rejects with what the cluster refuses.
 */
export async function create(
  cluster: Cluster,
  specs: readonly TopicSpec[],
  replication: number,
  timeoutMs: number,
): Promise<void> {
  const topics = specs.map((spec) => ({
    name: spec.name,
    partitions: spec.partitions,
    replication,
    config: configOf(spec),
  }))
  for (const { name, errorCode, errorMessage } of await cluster.ask(createTopics(topics, timeoutMs))) {
    if (errorCode === CODE.NONE || errorCode === CODE.TOPIC_ALREADY_EXISTS) continue
    const error = new ProtocolError(errorCode, `CreateTopics of ${name}`)
    if (error.retriable) throw error
    const unauthorized =
      errorCode === CODE.TOPIC_AUTHORIZATION_FAILED || errorCode === CODE.CLUSTER_AUTHORIZATION_FAILED
    if (errorCode === CODE.INVALID_REPLICATION_FACTOR)
      throw new LogError(
        'LOG_TOPIC_MISMATCH',
        `topic ${name} could not be created: ${errorMessage ?? codeName(errorCode)} Start as many brokers, or set QUORATE_REPLICATION to how many copies there should be (1 for a single broker).`,
        { cause: error },
      )
    throw new LogError(
      unauthorized ? 'LOG_UNAUTHORIZED' : 'LOG_TOPIC_MISMATCH',
      `topic ${name} could not be created: ${errorMessage ?? codeName(errorCode)}; create it by hand: ${createCommand(
        specs.find((spec) => spec.name === name)!,
        replication,
      )}`,
      { cause: error },
    )
  }
}

function configOf(spec: TopicSpec): Record<string, string> {
  return {
    [NAMES.cleanupPolicy]: spec.cleanupPolicy,
    [NAMES.timestampType]: spec.timestampType,
    ...(spec.retentionMs !== undefined && { [NAMES.retentionMs]: `${spec.retentionMs}` }),
    ...(spec.minCompactionLagMs !== undefined && { [NAMES.minCompactionLagMs]: `${spec.minCompactionLagMs}` }),
    ...(spec.maxMessageBytes !== undefined && { [NAMES.maxMessageBytes]: `${spec.maxMessageBytes}` }),
    ...ANY_TIMESTAMP,
  }
}

function createCommand(spec: TopicSpec, replication: number): string {
  const config = Object.entries(configOf(spec)).map(([name, value]) => ` --config ${name}=${value}`)
  const copies = replication > 0 ? ` --replication-factor ${replication}` : ''
  return `kafka-topics.sh --create --topic ${spec.name} --partitions ${spec.partitions}${copies}${config.join('')}`
}

const RESHARD = 'quorate reshard --partitions <n> --to <prefix> (docs/operations.md, "Another partition count")'

/** Each way in which a topic is not as it must be, with the command that mends it. Empty when it is. */
export function mismatches(spec: TopicSpec, found: TopicDescription, replication: number | undefined): string[] {
  const { name } = spec
  const alter = (setting: string, value: string | number) =>
    `kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config ${setting}=${value}`
  const wrong: string[] = []
  const compare = (setting: string, is: string | number, must: string | number, command: string) => {
    if (is !== must) wrong.push(`${setting} of ${name} is ${is}, must be ${must}; mend it with: ${command}`)
  }
  if (found.partitions > spec.partitions)
    compare(
      'partition count',
      found.partitions,
      spec.partitions,
      `set the configured count to ${found.partitions} if the topic was made so; if partitions were added, ids hash to others now: ${RESHARD}`,
    )
  else
    compare(
      'partition count',
      found.partitions,
      spec.partitions,
      `kafka-topics.sh --alter --topic ${name} --partitions ${spec.partitions} if nothing is in it yet; if an agent made it by writing before the first start, delete it, start again and let agents report again; else ids would hash to other partitions: ${RESHARD}`,
    )
  compare('cleanup.policy', found.cleanupPolicy, spec.cleanupPolicy, alter(NAMES.cleanupPolicy, spec.cleanupPolicy))
  compare(
    'message.timestamp.type',
    found.timestampType,
    spec.timestampType,
    alter(NAMES.timestampType, spec.timestampType),
  )
  // Retention and compaction lag are the operator's to change; a topic that takes less than must fit would lose
  // records.
  if (spec.maxMessageBytes !== undefined && found.maxMessageBytes < spec.maxMessageBytes)
    compare(
      NAMES.maxMessageBytes,
      found.maxMessageBytes,
      spec.maxMessageBytes,
      alter(NAMES.maxMessageBytes, spec.maxMessageBytes),
    )
  if (replication !== undefined && found.replication < replication)
    compare(
      'replication',
      found.replication,
      replication,
      `kafka-reassign-partitions.sh with a plan of ${replication} replicas for each partition of ${name}`,
    )
  return wrong
}
