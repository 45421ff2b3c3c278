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
