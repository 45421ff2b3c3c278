import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of its own for each test that asks; all are removed when the file's tests are done. */
export function temporaryDirectories(name: string): () => string {
  const made: string[] = []
  afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })))
  return () => {
    const dir = mkdtempSync(join(tmpdir(), `${name}-`))
    made.push(dir)
    return dir
  }
}
