import { EXIT, explain, UsageError } from './exit'

describe('the message and exit code of a failed command', () => {
  const coded = (code: string) => Object.assign(new Error('said'), { code })

  it.each([
    [new UsageError('said'), EXIT.usage],
    [coded('not-found'), EXIT.notFound],
    [coded('LOG_CLOSED'), EXIT.refused],
  ])('%p', (error, code) => expect(explain(error)).toEqual({ text: 'said', code }))

  it('let no text of a server control the terminal', () => {
    expect(explain(new UsageError('a\u001b[2J\nb')).text).toBe('a\uFFFD[2J\nb')
  })

  it('include the stack of an unexpected error', () => {
    expect(explain(new Error('a fault of ours')).text).toContain('exit.spec')
  })
})
