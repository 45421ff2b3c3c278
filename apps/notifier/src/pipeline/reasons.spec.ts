import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REASONS } from './stage'

it('DESIGN.md lists exactly the reasons that there are', () => {
  const text = readFileSync(join(__dirname, '../../DESIGN.md'), 'utf8')
  const listed = [...text.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \|$/gm)].map(([, reason, meaning]) => [reason, meaning])
  expect(listed).toEqual(Object.entries(REASONS))
})
