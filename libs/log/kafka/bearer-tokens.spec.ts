import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refusal } from '../testing/subject'
import { tokensOfEndpoint, tokensOfFile } from './bearer-tokens'

const SECRET = 'a:secret/with+signs'

describe('tokens of an endpoint', () => {
  let server: Server
  let url: string
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void
  const asked: { authorization: string | undefined; body: string }[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (piece) => (body += String(piece)))
      request.on('end', () => {
        asked.push({ authorization: request.headers.authorization, body })
        answer(request, response, body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))
  beforeEach(() => void asked.splice(0))

  const giving = (body: object, status = 200) => {
    answer = (_, response) => void response.writeHead(status).end(JSON.stringify(body))
  }
  const endpoint = () => ({ url, clientId: 'quorate', clientSecret: SECRET, scope: 'kafka' })

  it('are asked for as RFC 6749 says, with the id and the secret encoded', async () => {
    giving({ access_token: 'one', expires_in: 60 })
    expect(await tokensOfEndpoint(endpoint())()).toMatchObject({ value: 'one' })
    const basic = Buffer.from(asked[0]!.authorization!.slice('Basic '.length), 'base64').toString()
    expect(basic).toBe('quorate:a%3Asecret%2Fwith%2Bsigns')
    expect(asked[0]!.body).toBe('grant_type=client_credentials&scope=kafka')
  })

  it('serve all who log in until most of their life is over', async () => {
    let now = 0
    let n = 0
    answer = (_, response) => void response.end(JSON.stringify({ access_token: `${++n}`, expires_in: 100 }))
    const tokens = tokensOfEndpoint(endpoint(), () => now)
    const both = await Promise.all([tokens(), tokens()])
    expect(both.map(({ value }) => value)).toEqual(['1', '1'])
    now = 79_999
    expect((await tokens()).value).toBe('1')
    now = 80_000
    expect((await tokens()).value).toBe('2')
  })

  it('are asked for each time where their life is not told', async () => {
    giving({ access_token: 'one' })
    const tokens = tokensOfEndpoint(endpoint())
    await tokens()
    await tokens()
    expect(asked).toHaveLength(2)
  })

  it('are refused for good with 401, and the secret is not in the message', async () => {
    giving({ error: 'invalid_client' }, 401)
    const error = await refusal(tokensOfEndpoint(endpoint())(), 'LOG_UNAUTHORIZED')
    expect(error.action).toBe('restart')
    expect(error.message).toContain('invalid_client')
    expect(error.message).not.toContain(SECRET)
  })

  it.each([
    ['503', () => giving({}, 503)],
    ['429', () => giving({}, 429)],
    ['rubbish', () => (answer = (_, response) => void response.end('<html>'))],
  ])('are asked for again after %s', async (_, prepare) => {
    prepare()
    const tokens = tokensOfEndpoint(endpoint())
    await expect(tokens()).rejects.not.toHaveProperty('code')
    giving({ access_token: 'one', expires_in: 60 })
    expect((await tokens()).value).toBe('one')
  })
})

describe('the token of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-token-'))
  const file = join(folder, 'token')
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is read anew at every log-in, without the line end', async () => {
    const tokens = tokensOfFile(file)
    writeFileSync(file, 'one\n')
    expect(await tokens()).toEqual({ value: 'one' })
    writeFileSync(file, 'two')
    expect(await tokens()).toEqual({ value: 'two' })
    writeFileSync(file, '\n')
    await expect(tokens()).rejects.toMatchObject({ code: 'LOG_UNAUTHORIZED' })
  })
})
