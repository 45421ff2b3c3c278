/** All that is asked of a logger; pino's are such. */
export interface Logger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export const SILENT: Logger = { error: () => {}, warn: () => {} }
