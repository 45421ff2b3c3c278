import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tooOld } from './node-version'

it.each(['20.20.2', '22.18.9', '18.0.0'])('Node %s is too old', (version) => {
  expect(tooOld(version)).toMatch(`this is Node ${version}; Quorate needs 22.19 or newer`)
})

it.each(['22.19.0', '22.20.1', '24.0.0', '26.1.0'])('Node %s will do', (version) => {
  expect(tooOld(version)).toBeUndefined()
})

it('is what package.json says', () => {
  const { engines } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as { engines: unknown }
  expect(engines).toEqual({ node: '>=22.19' })
})
