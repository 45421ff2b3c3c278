import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './harness'

export interface ReadmeExample {
  readonly language: string
  readonly code: string
  /** What it prints; `…` stands for anything. */
  readonly prints: RegExp
}

/** The first program below "## Example" in the README of a package, and what the page says that it prints. */
export function exampleOf(name: string): ReadmeExample {
  const text = readFileSync(join(ROOT, 'packages', name, 'README.md'), 'utf8')
  const found = /^## Example$.*?^```(\w+)\n(.*?)^```$.*?^prints$\s+^```\n(.*?)^```$/ms.exec(text)
  if (!found) throw new Error(`packages/${name}/README.md has no example with what it prints`)
  const [, language, code, prints] = found as unknown as [string, string, string, string]
  const pattern = prints
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('.*')
  return { language, code, prints: new RegExp(`^${pattern}$`) }
}
