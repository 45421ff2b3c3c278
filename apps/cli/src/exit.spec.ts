import { EXIT, explain, UsageError } from './exit'

describe('what a failed command says and exits with', () => {
  const coded = (code: string) => Object.assign(new Error('said'), { code })

  it.each([
    [new UsageError('said'), EXIT.usage],
    [coded('not-found'), EXIT.notFound],
    [coded('LOG_CLOSED'), EXIT.refused],
  ])('%p', (error, code) => expect(explain(error)).toEqual({ text: 'said', code }))

  it('lets no text of a server steer the terminal', () => {
    expect(explain(new UsageError('a\u001b[2J\nb')).text).toBe('a\uFFFD[2J\nb')
  })

  it('shows the stack of what nobody foresaw', () => {
    expect(explain(new Error('a fault of ours')).text).toContain('exit.spec')
  })
})
