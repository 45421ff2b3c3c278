import { faultOf, isReference, reveal, SecretError, type SecretSources } from './secrets'

const sources: SecretSources = {
  env: { TOKEN: 's3cret', EMPTY: '' },
  readFile: (path) => {
    if (path === '/run/pw') return 'pa ss\n'
    throw Object.assign(new Error(`secret path ${path}`), { code: 'ENOENT' })
  },
}

describe('references to secrets', () => {
  it.each([
    ['plain', 'plain'],
    ['${env:TOKEN}', 's3cret'],
    ['https://x/${env:TOKEN}/y?k=${file:/run/pw}', 'https://x/s3cret/y?k=pa ss'],
    ['cost: 5$ {env:TOKEN}', 'cost: 5$ {env:TOKEN}'],
  ])('%s', (text, revealed) => expect(reveal(text, sources)).toBe(revealed))

  it.each([
    ['${env:MISSING}', '${env:MISSING} is not set here'],
    ['${env:EMPTY}', '${env:EMPTY} is not set here'],
    ['${file:/nowhere}', '${file:/nowhere} cannot be read (ENOENT)'],
    ['${env:A-B}', '${env:A-B} must name a variable: ${env:NAME}'],
    ['${vault:x}', '${vault:x} must be ${env:NAME} or ${file:path}'],
    ['${TOKEN}', '${TOKEN} must be ${env:NAME} or ${file:path}'],
    ['${file:}', '${file:} must name a file: ${file:/path}'],
    ['${env:TOKEN', 'a reference opens with ${ and is not closed'],
  ])('%s leads nowhere, and is named without a value', (text, said) => {
    expect(() => reveal(text, sources)).toThrow(new SecretError(said))
  })

  it('are told from secrets written out', () => {
    expect([isReference('${env:A}'), isReference('${file:/a}'), isReference('x${env:A}'), isReference('s3cret')]).toEqual([
      true, true, false, false,
    ]) // prettier-ignore
    expect(faultOf('${env:NOT_SET_BUT_WELL_WRITTEN}')).toBeUndefined()
  })
})
