// Compares the documentation with the code, in both directions. Prints every difference; the exit code says whether
// there was one.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { decisions } from './docs-decisions.mjs'
import { named } from './docs-named.mjs'
import { words } from './docs-words.mjs'
import { ROOT } from './sources.mjs'

const require = createRequire(import.meta.url)
const built = (path) => require(join(ROOT, 'dist', path))
const read = (path) => readFileSync(join(ROOT, path), 'utf8')
const faults = []
const fault = (page, text) => faults.push(`${page}: ${text}`)

/** Both lists must be equal as sets. */
function compare(page, what, inCode, inDocs) {
  for (const it of inCode) if (!inDocs.includes(it)) fault(page, `${what} ${it} is in the code, but not on the page`)
  for (const it of inDocs) if (!inCode.includes(it)) fault(page, `${what} ${it} is on the page, but not in the code`)
  inDocs.forEach((it, i) => inDocs.indexOf(it) !== i && fault(page, `${what} ${it} is there twice`))
}

function errorTables() {
  const page = 'docs/errors.md'
  const text = read(page)
  const { LOG_ERRORS } = built('libs/log/src/errors.js')
  const { STREAMS_ERRORS } = built('libs/streams/src/errors.js')
  const { STORE_ERRORS } = built('libs/state-store/src/errors.js')
  const { NOTIFIER_CONDITIONS } = built('apps/notifier/src/conditions.js')
  const { PROBLEMS } = built('libs/http/src/problems.js')
  const rows = (pattern) => [...text.matchAll(pattern)].map(([, code, column]) => [code, column])
  const codes = (pattern) => rows(pattern).map(([code]) => code)
  compare(page, 'the code', Object.keys(LOG_ERRORS), codes(/^\| `(LOG_\w+)` \|/gm))
  compare(page, 'the code', Object.keys(STREAMS_ERRORS), codes(/^\| `(STREAMS_\w+)` \|/gm))
  compare(page, 'the code', Object.keys(STORE_ERRORS), codes(/^\| `(STORE_\w+)` \|/gm))
  compare(page, 'the code', Object.keys(NOTIFIER_CONDITIONS), codes(/^\| `(NOTIFIER_\w+)` \|/gm))
  compare(page, 'the problem', Object.keys(PROBLEMS), codes(/^\| `([a-z-]+)` \|/gm))
  for (const [code, action] of rows(/^\| `(LOG_\w+)` \| (\w+) \|/gm))
    if (LOG_ERRORS[code] && LOG_ERRORS[code].action !== action)
      fault(page, `${code} has the action ${LOG_ERRORS[code].action}`)
  for (const [code, status] of rows(/^\| `([a-z-]+)` \| (\d+) \|/gm))
    if (PROBLEMS[code] && PROBLEMS[code].status !== Number(status))
      fault(page, `${code} has the status ${PROBLEMS[code].status}`)
}

/** docs/architecture.md has the sentence of each layer rule. */
function layers() {
  const page = 'docs/architecture.md'
  const rules = require(join(ROOT, '.dependency-cruiser.cjs')).forbidden.map(({ comment }) => comment)
  const sentences = [...read(page).matchAll(/^- \*\*\[layer\]\*\* (.+)$/gm)].map(([, sentence]) => sentence)
  compare(page, 'the layer rule', rules, sentences)
}

/** docs/delivery-semantics.md names the tests that show each guarantee: `path` › title. */
function namedTests() {
  const page = 'docs/delivery-semantics.md'
  const cited = [...read(page).matchAll(/`([\w./-]+\.(?:ts))` › “([^”]+)”/g)]
  if (cited.length === 0) fault(page, 'names no test')
  for (const [, path, title] of cited) {
    if (!existsSync(join(ROOT, path))) fault(page, `there is no ${path}`)
    else if (!read(path).replaceAll("\\'", "'").includes(title)) fault(page, `${path} has no test “${title}”`)
  }
}

const pages = (dir = ROOT) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory())
      return /^(node_modules|dist|data|coverage|fixtures|peer|\..*)$/.test(entry.name) ? [] : pages(path)
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : []
  })

const anchorOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/**
 * Links inside the project lead somewhere, anchors included, and `npm run` names existing scripts, except on pages
 * about what is not built.
 */
function links() {
  const { scripts } = JSON.parse(read('package.json'))
  for (const page of pages()) {
    const text = read(page)
    const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path, anchor] = target.split('#')
      const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
      if (!existsSync(file)) fault(page, `the link to ${target} leads nowhere`)
      else if (anchor && statSync(file).isFile()) {
        const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading))
        if (!headings.includes(anchor)) fault(page, `${target}: there is no such heading`)
      }
    }
    if (/^Status: not built/m.test(text)) continue
    for (const [, name] of text.matchAll(/npm run (?:-s )?([\w:-]+)/g))
      if (!scripts[name]) fault(page, `there is no script ${name}`)
  }
}

function configuration() {
  if (read('docs/configuration.md') !== built('libs/config/src/docs.js').configurationPage())
    fault('docs/configuration.md', 'is not what libs/config says; npm run docs:write makes it')
}

/** docs/spec/limits.md has a row for each limit, with its number. */
function limits() {
  const page = 'docs/spec/limits.md'
  const { LIMITS } = built('libs/contracts/src/limits.js')
  const rows = [...read(page).matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(([, name, number]) => `${name} = ${number}`)
  const inCode = Object.entries(LIMITS).map(([name, number]) => `${name} = ${number.toLocaleString('en-US')}`)
  compare(page, 'the limit', inCode, rows)
}

for (const check of [
  errorTables,
  limits,
  layers,
  namedTests,
  links,
  configuration,
  () => named(fault),
  () => decisions(fault),
  () => words(pages(), fault),
])
  check()
for (const line of faults) process.stderr.write(`${line}\n`)
if (faults.length > 0) process.exitCode = 1
else process.stderr.write('the documentation says what the code does\n')
