import { VERSION } from '@quorate/config/version'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Written when the package is built; a clone has none. */
const COMMIT = join(__dirname, '../../../commit')

/** `0.1.0 (commit 4cd68ad2f1aa)`; without the commit where it is not known. */
export function versionText(): string {
  try {
    return `${VERSION} (commit ${readFileSync(COMMIT, 'utf8').trim()})`
  } catch {
    return VERSION
  }
}
