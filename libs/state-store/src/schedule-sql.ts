/** The rows of a table, as a name in SQL. */
export const rowsOf = (table: string): string => `"rows/${table}"`

/** The index of a table's due times, which a bulk load does without until its end. */
export const scheduleSql = (table: string) => ({
  exists: `SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'due/${table}'`,
  create: `CREATE INDEX IF NOT EXISTS "due/${table}" ON ${rowsOf(table)}(due, k) WHERE due IS NOT NULL`,
  drop: `DROP INDEX IF EXISTS "due/${table}"`,
})
