import { fingerprint } from '@quorate/contracts'

/**
 * What holds something back for as long as it is in force: `silence/<id>/<version>`, `inhibition/<name>/<version>`.
 * What is held back by a cause that is in force no more, or not as it was, is judged again.
 */
export type HoldingCause = string

/** Tells one content from another: a changed silence is another cause. */
export const versionOf = (content: unknown): string => fingerprint(content)

/** The cause without its version: what people are shown. */
export const causeName = (cause: HoldingCause): string => cause.slice(0, cause.lastIndexOf('/'))
