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

  it('says that a file is valid, and which secrets are not set here', async () => {
    const said = await checked(`
notify:
  receivers:
    ops:
      fallback: console
      endpoints:
        - {channel: webhook, settings: {url: 'https://example.org/x', secret: '\${env:QUORATE_SECRET_NOT_SET}'}}
  routes: {receiver: ops, routes: [{match: {object: 'site/**'}, receiver: console}]}
`)
    expect(said).toEqual({
      faults: [],
      unset: ['${env:QUORATE_SECRET_NOT_SET} is not set here'],
      notes: [],
      counts: { receivers: 1, silences: 0, inhibitions: 0, routes: 2 },
    })
  })

  it('names every fault with its pointer', async () => {
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

  it('names private addresses and receivers that no route leads to, and renders templates (N52)', async () => {
    const { faults, notes } = await checked(`
notify:
  receivers:
    ops:
      endpoints:
        - {channel: webhook, settings: {url: 'http://127.0.0.1:9/x'}}
        - {channel: webhook, settings: {url: 'http://10.0.0.1/', allowAddresses: [10.0.0.0/8]}}
    mail: {endpoints: [{channel: email, settings: {host: localhost, from: a@b.example, to: c@d.example}}]}
  routes: {receiver: ops}
`)
    expect(faults).toEqual([])
    expect(notes).toEqual([
      '/receivers/ops/endpoints/0: 127.0.0.1 is private, and is refused unless allowAddresses lists it',
      '/receivers/mail/endpoints/0: localhost is private, and is refused unless allowAddresses lists it',
      '/receivers/mail: no route and no fallback leads here; it notifies nobody',
    ])
    const template = (text: string) => `
notify:
  receivers:
    mail:
      endpoints:
        - channel: email
          settings: {host: mail.example, from: a@b.example, to: c@d.example, template: {subject: '${text}'}}
  routes: {receiver: mail}
`
    expect((await checked(template('{{ objct }}'))).faults).toEqual([
      {
        pointer: '/receivers/mail/endpoints/0/settings/template/subject',
        detail: expect.stringContaining('undefined variable: objct') as string,
      },
    ])
    expect((await checked(template('{{ object }} {% if override %}{{ override.author }}{% endif %}'))).faults).toEqual(
      [],
    )
    expect((await checked(template('{{ notice.endpoint }}'))).faults).toEqual([])
  })

  it('refuses settings of the process like a start', () => expect(checked('prot: 1')).rejects.toThrow('prot in'))
})
