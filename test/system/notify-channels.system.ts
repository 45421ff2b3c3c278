import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE } from '../../apps/notifier/testing/certificate'
import { MailCatcher } from '../../apps/notifier/testing/mail-catcher'
import { Alertmanager, describeAlertmanager } from './alertmanager'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'
import { WebhookReceiver } from './webhook-receiver'

const PASSWORD = 'a-password-of-the-mail-server'
const folder = temporaryFolder('notify-channels')
afterAll(async () => {
  await endAll()
  folder.remove()
})

/** Starts a process with this configuration of the notifier. */
async function start(name: string, notify: object, env: Record<string, string> = {}): Promise<App> {
  const config = join(folder.path, `${name}.yaml`)
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ notify }))
  return App.start('standalone', { dataDir: join(folder.path, name), env: { QUORATE_CONFIG: config, ...env } })
}

const say = (app: App, object: string, state: string) =>
  Promise.all(['a', 'b', 'c'].map((agent) => app.client.report(object, agent, { state }, { wait: 5 })))
const atOnce = { groupWait: 0, groupInterval: 0, unknownAfter: 0 }

describe('mail and webhook', () => {
  it(
    'N13: a mail refused with 451 comes once, encrypted, with the same Message-ID; a 5xx recipient fails and is ' +
      'redriven alone; a webhook verifies',
    async () => {
      const mails = await MailCatcher.listen({ username: 'quorate', password: PASSWORD })
      const hook = await WebhookReceiver.start()
      const certificate = join(folder.path, 'ca.pem')
      writeFileSync(certificate, CERTIFICATE)
      const ids: string[] = []
      mails.refuse = (stage, what) => {
        if (stage === 'recipient' && what === 'gone@example.com') return { code: 550, text: '5.1.1 no such user' }
        if (stage !== 'data') return undefined
        ids.push(/^Message-ID: (.*)$/im.exec(what)?.[1]?.trim() ?? 'none')
        return ids.length === 1 ? { code: 451, text: '4.7.1 greylisted' } : undefined
      }
      const login = { username: 'quorate', password: '${env:QUORATE_SECRET_MAIL}', ca: `\${file:${certificate}}` }
      const email = {
        host: 'localhost',
        port: mails.port,
        ...login,
        from: 'Quorate <quorate@example.com>',
        to: ['ann@example.com', 'gone@example.com'],
        allowAddresses: ['127.0.0.1', '::1'],
      }
      const webhook = { url: hook.url, secret: '${env:QUORATE_SECRET_HOOK}', allowAddresses: ['127.0.0.1'] }
      const notify = {
        receivers: {
          ops: {
            endpoints: [
              { channel: 'email', settings: email },
              { name: 'hook', channel: 'webhook', settings: webhook },
            ],
          },
        },
        routes: { receiver: 'ops', ...atOnce },
      }
      const app = await start('mail', notify, {
        QUORATE_SECRETS_DIR: folder.path,
        QUORATE_SECRET_MAIL: PASSWORD,
        QUORATE_SECRET_HOOK: hook.secret,
      })
      await say(app, 'site/x', 'down')
      await hook.told('site/x', 'down')
      const [{ mail, secure, user, recipients }] = (await mails.caught(1)) as [
        Awaited<ReturnType<typeof mails.caught>>[0],
      ]
      expect({ secure, user, recipients }).toEqual({ secure: true, user: 'quorate', recipients: ['ann@example.com'] })
      expect(mail.subject).toBe('site/x is down')
      expect(mail.text).toMatch(/votes +\d of \d says? down/)
      expect(mail.html).toContain('site/x')
      expect(ids).toEqual([mail.messageId, mail.messageId])
      const dead = await until('the delivery to the one that is gone is dead', async () => {
        const { json } = await app.call('GET', '/v1/deliveries?object=site%2Fx&status=dead')
        return json.items.length === 1 && json.items[0]
      })
      expect(dead).toMatchObject({ endpoint: 'ops', status: 'dead', lastAttempt: { status: 550 } })
      expect([hook.forged, mails.mails.length]).toEqual([[], 1])
      mails.refuse = () => undefined
      expect((await app.call('POST', `/v1/deliveries/${dead.id}/redrive`)).status).toBeLessThan(300)
      const [, again] = await mails.caught(2)
      expect([again!.recipients, again!.mail.messageId]).toEqual([['gone@example.com'], mail.messageId])
      const told = await app.call('GET', '/v1/receivers')
      for (const seen of [app.process.output, told.text, JSON.stringify(dead)])
        for (const secret of [PASSWORD, hook.secret]) expect(seen).not.toContain(secret)
      expect(await app.process.stop()).toEqual({ code: 0, signal: null })
      await mails.close()
      await hook.close()
    },
  )
})

describeAlertmanager('a real Alertmanager', () => {
  it('shows the alert, gets it again when it or the notifier has restarted, and shows the end', async () => {
    const alertmanager = await Alertmanager.start()
    const settings = { url: alertmanager.url, allowAddresses: ['127.0.0.1'], resendInterval: 1, endsAfter: 60 }
    const notify = {
      receivers: { am: { endpoints: [{ channel: 'alertmanager', settings }] } },
      routes: { receiver: 'am', ...atOnce },
    }
    let app = await start('alertmanager', notify)
    const fires = (state: string) =>
      until(`Alertmanager shows ${state}`, async () => {
        const [first, ...others] = await alertmanager.firing('site/x')
        return others.length === 0 && first?.labels['state'] === state && first
      })
    await say(app, 'site/x', 'down')
    const shown = await fires('down')
    expect(shown.labels).toMatchObject({ alertname: 'QuorateState', object: 'site/x', severity: 'critical' })
    expect(shown.annotations['summary']).toContain('site/x is down')
    expect(Date.parse(shown.endsAt)).toBeGreaterThan(Date.now())

    await alertmanager.forget()
    expect((await fires('down')).startsAt).toBe(shown.startsAt)

    await app.crash()
    await alertmanager.forget()
    expect(await alertmanager.firing('site/x')).toEqual([])
    app = await start('alertmanager', notify)
    expect((await fires('down')).annotations).toEqual(shown.annotations)

    await say(app, 'site/x', 'degraded')
    await fires('degraded')
    await say(app, 'site/x', 'up')
    await until('Alertmanager shows the end', async () => (await alertmanager.firing('site/x')).length === 0)
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
    await alertmanager.close()
  })
})
