import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { refuseUnparsed } from './unparsed'

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n'

describe('what the parser refuses', () => {
  let server: Server
  afterEach(() => server.close())

  /** All that is answered until the connection ends; no request is. */
  const answerTo = async (text: string): Promise<string> => {
    server = createServer({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 }, () => undefined)
    server.on('clientError', refuseUnparsed)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    let answer = ''
    socket.on('data', (part) => (answer += String(part))).write(text)
    await once(socket, 'close')
    return answer
  }

  it.each([
    ['headers', `${GET}x: `],
    ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\na'],
  ])('is told, also of %s that take too long', async (_, text) => {
    const [head = '', body = ''] = (await answerTo(text)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/)
    expect(JSON.parse(body)).toMatchObject({ code: 'malformed', detail: 'The request did not arrive in time.' })
  })

  it('ends without a word where that would be taken for the answer to another request', async () => {
    expect(await answerTo(`${GET}\r\n${GET}no header\r\n\r\n`)).toBe('')
  })
})
