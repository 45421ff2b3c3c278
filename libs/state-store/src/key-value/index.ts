// A door of its own (`@quorate/state-store/key-value`): the key-value table needs the log alone, and no SQLite.
export * from '../key-value-table-codec'
export * from '../key-value-table'
