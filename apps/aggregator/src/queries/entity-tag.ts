import { Problem } from '@quorate/http'

/**
 * Parts of an object's entity tag (rest.md): `"<incarnation>.<version>.<n>.<revision>"`, n = changes of the override in
 * this incarnation.
 */
export interface Version {
  readonly incarnation: number
  readonly version: number
  readonly overrides: number
  readonly revision: number
}

export const entityTag = ({ incarnation, version, overrides, revision }: Version): string =>
  `"${incarnation}.${version}.${overrides}.${revision}"`

/**
 * What `If-Match` compares: marks that move raise the revision alone and do not fail an operator's write. Also
 * `ifMatch` of a record.
 */
export const writeTag = ({ incarnation, version, overrides }: Version): string =>
  `${incarnation}.${version}.${overrides}`

/** `any` for `*`, else the tags without quotes. */
export type Tags = 'any' | readonly string[]

const TAG = /^(W\/)?"([\x21\x23-\x7e]*)"$/

/**
 * Reads `If-Match` or `If-None-Match`; undefined when absent. Weak tags compare as strong ones, since ours are never
 * weak.
 * @throws Problem 400
 */
export function parseTags(name: string, header: string | undefined): Tags | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return 'any'
  return header.split(',').map((part) => {
    const tag = TAG.exec(part.trim())?.[2]
    if (tag === undefined)
      throw new Problem(
        'malformed',
        `Nothing was done: ${name} must be * or entity tags in double quotes, as answers give them in ETag.`,
      )
    return tag
  })
}

export const matchesWrite = (tags: Tags, current: Version): boolean =>
  tags === 'any' || tags.some((tag) => tag.split('.').slice(0, 3).join('.') === writeTag(current))

export const matchesRead = (tags: Tags, current: Version): boolean =>
  tags === 'any' || tags.some((tag) => `"${tag}"` === entityTag(current))
