/** Names of the topics under a prefix (design.md, "Topics"). */
export interface TopicNames {
  readonly reports: string
  readonly states: string
  readonly deadLetters: string
  readonly settings: string
  changelog(applicationId: string): string
}

export const topicNames = (prefix: string): TopicNames => ({
  reports: `${prefix}.reports`,
  states: `${prefix}.states`,
  deadLetters: `${prefix}.dead-letters`,
  settings: `${prefix}.settings`,
  changelog: (applicationId) => `${prefix}.${applicationId}.changelog`,
})
