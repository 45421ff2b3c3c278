import { Answer, json } from '@quorate/http'
import { GENERATION, refusalOf } from './refusal'

describe("a peer's 503", () => {
  const headers = { [GENERATION]: '7' }

  it('to HEAD, which has no body, may be mended by a newer map', () => {
    for (const body of [Buffer.alloc(0), '', undefined])
      expect(refusalOf(new Answer(503, headers, body))).toMatchObject({
        problem: { code: 'rebalancing', status: 503 },
        generation: 7,
      })
  })

  it('says itself what it is, where it has a body', () => {
    const answer = (code: string) => json(503, JSON.stringify({ code, detail: 'x' }), headers)
    expect(refusalOf(answer('restoring'))).toMatchObject({ problem: { code: 'restoring', message: 'x' } })
    expect(refusalOf(answer('log-unavailable'))).toBeUndefined()
    expect(refusalOf(json(503, String(answer('restoring').body)))).toBeUndefined()
  })
})
