import { freePorts } from '../../test/broker/ports'
import { audited } from '../../test/system/auditing'
import { ROOT, temporaryFolder } from '../../test/system/harness'
import { endAll, SystemProcess } from '../../test/system/process'

const folder = temporaryFolder('example-6')
afterAll(async () => {
  await endAll()
  folder.remove()
})

describe('a Nest application with Quorate in it', () => {
  let process: SystemProcess
  let url: string
  const put = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) })
    return [answer.status, await answer.json()]
  }
  const get = async (path: string) => (await fetch(`${url}${path}`)).json()

  beforeAll(async () => {
    const [port] = await freePorts(1)
    url = `http://127.0.0.1:${port}`
    const env = { QUORATE_DATA_DIR: folder.path, QUORATE_PORT: String(port) }
    process = new SystemProcess('npm', { args: ['run', '-s', 'example', '--', '6-nest-app'], cwd: ROOT, env })
    await process.line(/^listens on http/)
  }, 60_000)

  it('reports by its own controller, and Quorate decides', async () => {
    expect(await put('/doors/7/sensors/a', { open: true })).toEqual([200, { door: '7', open: true }])
    expect(await put('/doors/7/sensors/b', { open: false })).toEqual([200, { door: '7', open: true }])
    expect(await put('/doors/7/sensors/c', { open: false })).toEqual([200, { door: '7', open: false }])
    expect(await get('/doors/7')).toEqual({ door: '7', open: false, since: expect.any(String) })
    const missing = await fetch(`${url}/doors/8`)
    expect([missing.status, await missing.json()]).toEqual([404, expect.objectContaining({ code: 'not-found' })])
    expect(await get('/v1/objects/door%2F7')).toMatchObject({ state: 'closed', tally: { closed: 2, open: 1 } })
  })

  it('validates the bodies of its own controller and of Quorate', async () => {
    const unknown = { pointer: '/opne', detail: 'unknown field' }
    expect(await put('/doors/7/sensors/a', { opne: true })).toEqual([
      422,
      expect.objectContaining({ errors: expect.arrayContaining([unknown]) }),
    ])
    const missing = { pointer: '/sate', detail: 'unknown field' }
    expect(await put('/v1/objects/door%2F7/reports/a', { sate: 'up' })).toEqual([
      422,
      expect.objectContaining({ errors: expect.arrayContaining([missing]) }),
    ])
  })

  it('has the health and the description of the whole', async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const { paths } = (await get('/openapi.json')) as { paths: object }
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/doors/{door}', '/v1/objects/{object}']))
  })

  it('stops clean', async () => {
    expect(await process.stop()).toEqual({ code: 0, signal: null })
    await audited({ dataDir: folder.path })
  })
})
