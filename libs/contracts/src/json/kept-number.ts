/** `JSON.rawJSON`, which TypeScript's library does not know yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON: (text: string) => object
  isRawJSON: (value: unknown) => boolean
}

/** A number that `JSON.stringify` writes as it was written. */
export const keptNumber = (source: string): object => rawJSON(source)

export const isKeptNumber = (value: unknown): boolean => isRawJSON(value)
