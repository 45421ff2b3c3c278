export * from './batch-context'
export * from './propagate-errors'
export * from './streams-strategy'
