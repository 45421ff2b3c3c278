// What comments, pages and tests name exists: files, headings of pages, sections and cases of the specification.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { ROOT } from './sources.mjs'

const read = (path) => readFileSync(join(ROOT, path), 'utf8')
const isNotBuilt = (text) => /^Status: not built/m.test(text)

/** Files of the work tree according to git: ignored files are not part of the project. */
const allFiles = () =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n')

const prose = (path) =>
  path.endsWith('.md')
    ? read(path).replace(/^```[\s\S]*?^```/gm, '')
    : [...read(path).matchAll(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm)].map(([comment]) => comment).join('\n')

/** Names that refer to another project's file, or to any file. */
const FOREIGN = new Set(['lz4_Frame_format.md', 'file.ts', 'page.md'])

/** A file may be named from the root, from the same folder, or by the end of its path. */
function namedFiles(files, fault) {
  const whole = new Set(files)
  const ends = new Set(files.flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(i).join('/'))))
  for (const path of files) {
    if (!/\.(ts|mjs|cjs|md)$/.test(path) || /\/fixtures\/|docs\/adr\//.test(path) || isNotBuilt(read(path))) continue
    const names = prose(path).matchAll(/(?<![\w/*$<{}.:-])(?:\.{1,2}\/)*\w[\w./-]*\.(?:ts|md|mjs|cjs)\b(?!\/)/g)
    for (const [name] of names) {
      const beside = normalize(join(dirname(path), name))
      if (!whole.has(name) && !whole.has(beside) && !ends.has(name) && !FOREIGN.has(name))
        fault(path, `names ${name}, which does not exist`)
    }
  }
}

const headings = (path) =>
  [...read(path).matchAll(/^#+ (?:\d+\. )?(.+)$/gm)].map(([, heading]) => heading.replaceAll('`', ''))

/** `page.md, "Heading"`, and `vote.md 12` for a numbered section. */
function namedHeadings(files, fault) {
  const pages = files.filter((path) => path.endsWith('.md'))
  for (const path of files.filter((it) => it.endsWith('.ts'))) {
    const text = read(path)
    for (const [, name, heading] of text.matchAll(/([\w./-]+\.md), "([^"\n]+)"/g)) {
      const homes = pages.filter((page) => page === name || page.endsWith(`/${name}`))
      const isThere = homes.some((page) => headings(page).some((it) => it.startsWith(heading)))
      const isRow = homes.some((page) => read(page).includes(`**${heading}`))
      if (homes.length > 0 && !isThere && !isRow) fault(path, `${name} has no heading "${heading}"`)
    }
    for (const [, name, section] of text.matchAll(/\b((?:vote|notify|access|console|sql)\.md) (\d+)\b/g))
      if (!new RegExp(`^## ${section}\\.`, 'm').test(read(`docs/spec/${name}`)))
        fault(path, `docs/spec/${name} has no section ${section}`)
  }
}

/** In pages: `[page.md](page.md), "Heading"`. */
function namedInPages(files, fault) {
  for (const path of files.filter((it) => it.endsWith('.md')))
    for (const [, target, heading] of read(path).matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\), "([^"\n]+)"/g)) {
      const page = normalize(join(dirname(path), target))
      if (files.includes(page) && !headings(page).includes(heading))
        fault(path, `${target} has no heading "${heading}"`)
    }
}

/** Letters of the cases of each page. */
const CASES = { 'vote.md': 'VR', 'notify.md': 'N', 'access.md': 'A', 'sql.md': 'Q' }

/** Each case of a page that is built has a test, and tests name cases that exist. */
function cases(files, fault) {
  const tests = files.filter((path) => /(spec|system|conformance)\.ts$|(^|\/)(cases|testing|test)\//.test(path))
  const texts = tests.filter((path) => /\.(ts|json)$/.test(path)).map((path) => [path, read(path)])
  for (const [name, letters] of Object.entries(CASES)) {
    const page = `docs/spec/${name}`
    const text = read(page)
    const defined = new Set([...text.matchAll(new RegExp(`^\\| ([${letters}]\\d\\d) \\|`, 'gm'))].map(([, id]) => id))
    if (defined.size === 0) fault(page, 'has no cases')
    const tested = new Set()
    for (const [path, code] of texts)
      for (const [id] of code.matchAll(new RegExp(`\\b[${letters}]\\d\\d\\b`, 'g'))) {
        tested.add(id)
        // The tests of the vote have more cases of rules than the page.
        if (!defined.has(id) && !id.startsWith('R')) fault(path, `names the case ${id}, which ${page} does not have`)
      }
    if (isNotBuilt(text)) continue
    for (const id of defined) if (!tested.has(id)) fault(page, `the case ${id} has no test`)
  }
}

/** @param {(page: string, text: string) => void} fault */
export function named(fault) {
  const files = allFiles().filter((path) => basename(path) !== 'CHANGELOG.md')
  namedFiles(files, fault)
  namedHeadings(files, fault)
  namedInPages(files, fault)
  cases(files, fault)
}
