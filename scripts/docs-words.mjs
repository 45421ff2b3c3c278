// Expressions that have stumbled readers of the pages, and what to write instead. Keep the list short and free of false
// alarms.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './sources.mjs'

const WORDS = [
  [/\banew\b/i, 'again (or: rebuilt, created again)'],
  [/\bwhoever\b/i, 'anyone who, the instance that, clients that'],
  [/\bsurely\b/i, 'say what is certain, and why'],
  [/\b(?:in hand|under way)\b/i, 'in flight, in progress, current'],
  [/there is no such thing/i, 'not found'],
  [/\bfaults? of ours\b/i, 'internal error'],
  [/\bnone of ours\b/i, 'written by another program'],
  [/\bmov(?:es?|ed|ing) time on\b/i, 'advance time'],
  [/\b(?:himself|his own)\b/i, 'itself, on its own'],
  [/\bcannot bear\b/i, 'cannot tolerate'],
  [/\broads not taken\b/i, 'alternatives'],
]

/** Code, and the titles of tests in “quotes”, are not prose. Lines stay where they are. */
const proseLines = (text) =>
  text
    .replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ''))
    .replace(/`[^`\n]*`|“[^”]*”/g, '')
    .split('\n')

/**
 * @param {string[]} pages
 * @param {(page: string, text: string) => void} fault
 */
export function words(pages, fault) {
  for (const page of pages) {
    if (page === 'CHANGELOG.md') continue
    proseLines(readFileSync(join(ROOT, page), 'utf8')).forEach((line, i) => {
      for (const [pattern, instead] of WORDS) {
        const found = pattern.exec(line)?.[0]
        if (found) fault(`${page}:${i + 1}`, `"${found}" is hard to read; write: ${instead}`)
      }
    })
  }
}
