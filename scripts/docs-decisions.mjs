// Every page of docs/adr follows docs/adr/template.md, and docs/adr/README.md lists it by its title.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './sources.mjs'

const FOLDER = 'docs/adr'
const TEMPLATE = `${FOLDER}/template.md`
const read = (name) => readFileSync(join(ROOT, FOLDER, name), 'utf8')
const sections = (text) => [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading).join(', ')

/** Reports where a page differs from the template. */
function form(name, fault) {
  const page = `${FOLDER}/${name}`
  const text = read(name)
  const number = name.slice(0, 4)
  const expected = sections(read('template.md'))
  if (!new RegExp(`^# ${number}\\. .*[^.\\n]\\n`, 'u').test(text))
    fault(page, `must begin with "# ${number}. Title", without a full stop at the end (${TEMPLATE})`)
  if (!/^# .+\n\nDate: \d{4}-\d\d-\d\d\n\n## /.test(text))
    fault(page, `must have the line "Date: YYYY-MM-DD" between title and first heading (${TEMPLATE})`)
  if (sections(text) !== expected)
    fault(
      page,
      `must have the headings ${expected}, in this order, and no other at this level; it has ` +
        `${sections(text)} (${TEMPLATE})`,
    )
}

/** @param {(page: string, text: string) => void} fault */
export function decisions(fault) {
  const list = `${FOLDER}/README.md`
  const names = readdirSync(join(ROOT, FOLDER)).filter((name) => /^\d{4}-.+\.md$/.test(name))
  const listed = [...read('README.md').matchAll(/^- \[(.+)\]\((\d{4}-[^)]+)\)$/gm)]
  for (const name of names) {
    form(name, fault)
    const title = /^# (.+)$/m.exec(read(name))?.[1]
    const lines = listed.filter(([, , file]) => file === name)
    if (lines.length !== 1) fault(list, `must list ${name} once`)
    else if (lines[0][1] !== title) fault(list, `must call ${name} by its title: "${title}"`)
  }
  for (const [, , file] of listed) if (!names.includes(file)) fault(list, `lists ${file}, which does not exist`)
  const numbers = names.map((name) => name.slice(0, 4))
  numbers.forEach((number, i) => numbers.indexOf(number) !== i && fault(FOLDER, `the number ${number} is used twice`))
}
