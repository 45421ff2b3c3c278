import { LIMITS } from './limits'

/** Names of the topics under a prefix (docs/architecture.md, "Topics"). */
export interface TopicNames {
  readonly reports: string
  readonly states: string
  readonly deadLetters: string
  readonly settings: string
  changelog(applicationId: string): string
}

/** The consumer group of an application under a prefix. */
export const consumerGroup = (prefix: string, applicationId: string): string => `${prefix}.${applicationId}`

export const topicNames = (prefix: string): TopicNames => ({
  reports: `${prefix}.reports`,
  states: `${prefix}.states`,
  deadLetters: `${prefix}.dead-letters`,
  settings: `${prefix}.settings`,
  changelog: (applicationId) => `${prefix}.${applicationId}.changelog`,
})

/** What a topic must be, as `TopicSpec` of the log. */
export interface TopicRule {
  readonly name: string
  readonly partitions: number
  readonly cleanupPolicy: 'delete' | 'compact'
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly retentionMs?: number
  readonly minCompactionLagMs?: number
  readonly maxMessageBytes: number
}

const DAY = 86_400_000
const COMPACTED = {
  cleanupPolicy: 'compact',
  timestampType: 'CreateTime',
  maxMessageBytes: LIMITS.messageBytes,
} as const

/** What the topics must be (docs/architecture.md, "Topics"), said once for the applications that share them. */
export const topicRules = {
  reports: (name: string, partitions: number): TopicRule => ({
    name,
    partitions,
    cleanupPolicy: 'delete',
    timestampType: 'LogAppendTime',
    retentionMs: 7 * DAY,
    maxMessageBytes: LIMITS.messageBytes,
  }),
  states: (name: string, partitions: number): TopicRule => ({
    name,
    partitions,
    ...COMPACTED,
    minCompactionLagMs: 7 * DAY,
  }),
  changelog: (name: string, partitions: number): TopicRule => ({ name, partitions, ...COMPACTED }),
  deadLetters: (name: string): TopicRule => ({
    name,
    partitions: 1,
    cleanupPolicy: 'delete',
    timestampType: 'CreateTime',
    retentionMs: 30 * DAY,
    maxMessageBytes: LIMITS.deadLetterMessageBytes,
  }),
  settings: (name: string): TopicRule => ({ name, partitions: 1, ...COMPACTED }),
}
