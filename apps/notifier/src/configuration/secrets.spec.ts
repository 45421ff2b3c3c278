import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretReader } from './secret-reader'
import { SecretScope } from './secret-scope'
import { faultOf, isReference, referencesIn, SecretError } from './secrets'

describe('references to secrets', () => {
  const root = mkdtempSync(join(tmpdir(), 'secrets-'))
  const dir = join(root, 'secrets')
  const at = (name: string) => join(dir, name)
  beforeAll(() => {
    mkdirSync(join(dir, '..data'), { recursive: true })
    mkdirSync(join(root, 'secrets-of-others'))
    writeFileSync(at('pw'), 'pa ss\n')
    writeFileSync(at('empty'), '')
    writeFileSync(at('most'), 'x'.repeat(64 * 1024))
    writeFileSync(at('more'), 'x'.repeat(64 * 1024 + 1))
    writeFileSync(join(root, 'outside'), 'not yours')
    writeFileSync(join(root, 'secrets-of-others', 'pw'), 'not yours')
    symlinkSync('../outside', at('out'))
    symlinkSync('/proc/self/environ', at('environ'))
    symlinkSync('../secrets-of-others', at('others'))
    // As Kubernetes mounts secrets.
    writeFileSync(at('..data/token'), 't0ken')
    symlinkSync('..data/token', at('token'))
    execFileSync('mkfifo', [at('fifo')])
  })
  afterAll(() => rmSync(root, { recursive: true }))

  const env = {
    QUORATE_SECRET_TOKEN: 's3cret',
    QUORATE_SECRET_EMPTY: '',
    LISTED: 'listed',
    PATH: '/bin',
    QUORATE_API_KEY: 'key',
  }
  const reader = () =>
    new SecretReader({ scope: new SecretScope(dir, ['LISTED']), env: { ...env, QUORATE_SECRET_VARIABLES: 'LISTED' } })
  const references = (text: string) => [...referencesIn({ text })].map(({ reference }) => reference)
  const revealed = async (text: string) => (await reader().read(references(text))).reveal(text)
  const refusal = async (text: string) => reader().refusal(references(text)[0]!)

  it.each([
    ['plain', 'plain'],
    ['${env:QUORATE_SECRET_TOKEN}', 's3cret'],
    ['${env:LISTED}', 'listed'],
    ['https://x/${env:QUORATE_SECRET_TOKEN}/y?k=${file:pw}', 'https://x/s3cret/y?k=pa ss'],
    ['${file:token}', 't0ken'],
    ['cost: 5$ {env:TOKEN}', 'cost: 5$ {env:TOKEN}'],
    ['${file:most}', 'x'.repeat(64 * 1024)],
  ])('%s', async (text, value) => expect(await revealed(text)).toBe(value))

  it('by the whole path', async () => expect(await revealed(`\${file:${at('pw')}}`)).toBe('pa ss'))

  it.each([
    ['${env:QUORATE_SECRET_MISSING}', 'is not set here'],
    ['${env:QUORATE_SECRET_EMPTY}', 'is not set here'],
    ['${file:empty}', 'is not set here'],
    ['${file:nowhere}', 'cannot be read (ENOENT)'],
  ])('%s leads nowhere yet: no refusal, and an error without a value', async (text, said) => {
    await expect(revealed(text)).rejects.toThrow(new SecretError(`${text} ${said}`))
    expect(await refusal(text)).toBeUndefined()
  })

  it.each([
    ['${env:PATH}', "begin the variable's name with QUORATE_SECRET_, or list it in QUORATE_SECRET_VARIABLES"],
    ['${env:QUORATE_API_KEY}', 'QUORATE_SECRET_VARIABLES'],
    ['${env:QUORATE_SECRET_VARIABLES}', 'is not allowed'],
    ['${env:NOT_SET}', 'is not allowed'],
    ['${file:/etc/passwd}', 'QUORATE_SECRETS_DIR'],
    ['${file:/proc/self/environ}', 'QUORATE_SECRETS_DIR'],
    ['${file:../outside}', 'QUORATE_SECRETS_DIR'],
    ['${file:x/../../outside}', 'QUORATE_SECRETS_DIR'],
    ['${file:.}', 'QUORATE_SECRETS_DIR'],
    ['${file:out}', 'which links must not leave'],
    ['${file:environ}', 'which links must not leave'],
    ['${file:others/pw}', 'which links must not leave'],
    ['${file:..data}', 'is not a regular file'],
    ['${file:fifo}', 'is not a regular file'],
    ['${file:more}', 'is longer than 65536 bytes'],
  ])('%s is refused, whatever is there', async (text, said) => {
    expect(await refusal(text)).toContain(`${text} `)
    expect(await refusal(text)).toContain(said)
    await expect(revealed(text)).rejects.toThrow(said)
    for (const value of ['not yours', '/bin', 'xxx']) expect(await refusal(text)).not.toContain(value)
  })

  it('a folder beside that has the same beginning is outside', async () =>
    expect(await refusal(`\${file:${root}/secrets-of-others/pw}`)).toContain('is not allowed'))

  it.each([
    ['${env:A-B}', '${env:A-B} must name a variable: ${env:NAME}'],
    ['${vault:x}', '${vault:x} must be ${env:NAME} or ${file:path}'],
    ['${TOKEN}', '${TOKEN} must be ${env:NAME} or ${file:path}'],
    ['${file:}', '${file:} must name a file: ${file:/path}'],
    ['${env:TOKEN', 'a reference opens with ${ and is not closed'],
  ])('%s is no reference', async (text, said) => {
    await expect(revealed(text)).rejects.toThrow(new SecretError(said))
  })

  it('are told from secrets written out', () => {
    expect([isReference('${env:A}'), isReference('${file:/a}'), isReference('x${env:A}'), isReference('s3cret')]).toEqual([
      true, true, false, false,
    ]) // prettier-ignore
    expect(faultOf('${env:NOT_SET_BUT_WELL_WRITTEN}')).toBeUndefined()
  })

  it('are found wherever they are in settings, but for templates', () => {
    const settings = {
      url: '${env:A}',
      secrets: ['${env:B}', 'x'],
      template: { text: '${env:C}' },
      deep: { template: '${env:D}' },
    }
    expect([...referencesIn(settings)].map(({ pointer, reference }) => [pointer, reference.name])).toEqual([
      ['/url', 'A'],
      ['/secrets/0', 'B'],
      ['/deep/template', 'D'],
    ])
  })
})
