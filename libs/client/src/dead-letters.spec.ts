import { scriptedServer, sendJson, type ScriptedServer } from '../testing/scripted-server'
import { QuorateClient } from '.'

describe('dead letters', () => {
  let server: ScriptedServer
  afterEach(() => server.close())

  it('are listed page by page, shown, replayed and dropped', async () => {
    server = await scriptedServer(({ method, path }, response) => {
      if (method === 'DELETE') response.writeHead(204).end()
      else if (method === 'POST') sendJson(response, 202, { position: '3@5' })
      else if (path.includes('cursor=0%409')) sendJson(response, 200, { items: [{ position: '0@9' }] })
      else if (path.startsWith('/v1/dead-letters?'))
        sendJson(response, 200, { items: [{ position: '0@1' }], next: '0@9' })
      else sendJson(response, 200, { position: '0@1', value: 'x' })
    })
    const { deadLetters } = new QuorateClient({ url: server.url })
    const found: string[] = []
    for await (const { position } of deadLetters.list({ all: true })) found.push(position)
    expect(found).toEqual(['0@1', '0@9'])
    expect((await deadLetters.get('0@1')).value).toBe('x')
    expect(await deadLetters.replay('0@1')).toBe('3@5')
    await deadLetters.drop('0@1')
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/dead-letters?all=true&limit=100',
      'GET /v1/dead-letters?all=true&limit=100&cursor=0%409',
      'GET /v1/dead-letters/0%401',
      'POST /v1/dead-letters/0%401/replay',
      'DELETE /v1/dead-letters/0%401',
    ])
  })
})
