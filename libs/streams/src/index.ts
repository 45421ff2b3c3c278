export * from './context'
export * from './errors'
export * from './streams'
export * from './topology'
