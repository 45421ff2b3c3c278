import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import type { Log } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNotifier } from '../bootstrap'

describe('previews of texts by REST', () => {
  const dir = mkdtempSync(join(tmpdir(), 'notifier-'))
  let log: Log
  let running: Running
  beforeAll(async () => {
    const env = {
      QUORATE_PORT: '0',
      QUORATE_PARTITIONS: '1',
      QUORATE_LOG_LEVEL: 'silent',
      QUORATE_LINK_URL: 'https://ops.example',
    }
    const config = loadConfig('standalone', { env, readFile: () => '' })
    log = await openEmbeddedLog({ memory: true })
    running = await startNotifier({ ...config, app: 'notifier', applicationId: 'notifier', dataDir: dir }, { log })
  })
  afterAll(async () => {
    await running.close()
    await log.close()
    rmSync(dir, { recursive: true })
  })
  const preview = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${running.url}/v1/templates/preview`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('shows the built-in texts, with links', async () => {
    expect(await preview({ channel: 'email' })).toEqual({
      status: 200,
      body: {
        parts: {
          subject: { text: 'site/paris/router-1 is down', builtIn: true },
          text: {
            text: expect.stringContaining('https://ops.example/v1/objects/site%2Fparis%2Frouter-1'),
            builtIn: true,
          },
          html: { text: expect.stringContaining('<html'), builtIn: true },
        },
      },
    })
  })

  it("shows an operator's texts, and what is wrong with them", async () => {
    const template = { subject: '{{ total }} of {{ labels[0].value }}', text: '{{ nonsense }}' }
    const { body } = await preview({ channel: 'email', template, sample: 'group' })
    expect(body['parts']).toMatchObject({
      subject: { text: '500 of network', builtIn: false },
      text: { builtIn: true, error: expect.stringContaining('undefined variable: nonsense') },
    })
  })

  it.each([
    [{ channel: 'webhook' }, '/channel'],
    [{ channel: 'chat', sample: 'nothing' }, '/sample'],
    [{ channel: 'chat', template: { subject: 'x' } }, '/template/subject'],
    [{ channel: 'chat', template: { text: 1 } }, '/template/text'],
  ])('refuses %j', async (body, at) => {
    expect(await preview(body)).toMatchObject({ status: 422, body: { errors: [{ pointer: at }] } })
  })
})
