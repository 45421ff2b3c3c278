import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkFile } from './commands/notify-check'

describe('quorate notify check-config', () => {
  const dir = mkdtempSync(join(tmpdir(), 'check-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const checked = (yaml: string) => {
    const path = join(dir, 'quorate.yaml')
    writeFileSync(path, yaml)
    return checkFile(path, {})
  }

  it('says that a file is right, and which secrets are not here', async () => {
    const said = await checked(`
notify:
  receivers:
    ops:
      fallback: console
      endpoints: [{channel: webhook, settings: {url: 'https://example.org/x', secret: '\${env:QUORATE_SECRET_NOT_SET}'}}]
  routes: {receiver: ops, routes: [{match: {object: 'site/**'}, receiver: console}]}
`)
    expect(said).toEqual({
      faults: [],
      unset: ['${env:QUORATE_SECRET_NOT_SET} is not set here'],
      counts: { receivers: 1, silences: 0, inhibitions: 0, routes: 2 },
    })
  })

  it('names every fault with its place', async () => {
    const { faults } = await checked(`
notify:
  receivers:
    ops: {endpoints: [{channel: webhook, settings: {url: 7, secret: '\${env:PATH}'}}]}
    other: {endpoints: [{channel: webhook, settings: {url: 'https://x.example/\${file:/etc/passwd}'}}]}
  routes: {receiver: ops, routes: [{receiver: opps}, {receiver: nobody}]}
`)
    expect(faults.map(({ pointer }) => pointer)).toEqual([
      '/receivers/ops/endpoints/0/settings/url',
      '/routes/routes/0/receiver',
      '/routes/routes/1/receiver',
      '/receivers/ops/endpoints/0/settings/secret',
      '/receivers/other/endpoints/0/settings/url',
    ])
  })

  it('refuses settings of the process as a start would', () => expect(checked('prot: 1')).rejects.toThrow('prot in'))
})
