import { scriptedServer, sendJson, type ScriptedServer } from '../testing/scripted-server'
import { NotifierClient, ProblemError, QuorateClient } from '.'

describe('partitions', () => {
  let server: ScriptedServer
  afterEach(() => server.close())

  it('are told what to leave out, and to go on with another source', async () => {
    server = await scriptedServer(({ path }, response) => {
      if (path.startsWith('/v1/partitions/9/')) sendJson(response, 409, { code: 'conflict', title: 'no', status: 409 })
      else if (path.endsWith('/skip')) sendJson(response, 200, { outcome: 'skipped', by: 'alice', deadLetter: '0@7' })
      else sendJson(response, 200, { outcome: 'acknowledged', topic: 't', by: 'alice' })
    })
    const { partitions } = new QuorateClient({ url: server.url })
    const input = { offset: 1234, reason: 'it kills' }
    expect(await partitions.skip(3, input)).toEqual({ outcome: 'skipped', by: 'alice', deadLetter: '0@7' })
    expect(await partitions.acknowledgeSource(3, 't')).toMatchObject({ outcome: 'acknowledged' })
    expect(await partitions.skip(9, input).catch((error: unknown) => ProblemError.is(error, 'conflict'))).toBe(true)
    expect(server.received.map(({ method, path, body }) => [method, path, JSON.parse(String(body))])).toEqual([
      ['POST', '/v1/partitions/3/skip', input],
      ['POST', '/v1/partitions/3/acknowledge-source', { topic: 't' }],
      ['POST', '/v1/partitions/9/skip', input],
    ])
  })

  it('of the notifier have a path of their own', async () => {
    server = await scriptedServer((_, response) =>
      sendJson(response, 202, { outcome: 'noted', position: 4, topic: 't', by: 'alice' }),
    )
    const { partitions } = new NotifierClient({ url: server.url })
    expect(await partitions.skip(3, { offset: 5, reason: 'it kills' })).toMatchObject({ outcome: 'noted' })
    expect(await partitions.acknowledgeSource(3)).toMatchObject({ outcome: 'noted' })
    expect(server.received.map(({ method, path }) => [method, path])).toEqual([
      ['POST', '/v1/notifier/partitions/3/skip'],
      ['POST', '/v1/notifier/partitions/3/acknowledge-source'],
    ])
  })
})
