export * from './table'
export * from './key-value-table'
