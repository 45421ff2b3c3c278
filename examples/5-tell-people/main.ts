import { createServer } from 'node:http'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'

/**
 * Two receivers to try the notifier on: a mail server that shows mails instead of delivering them, and a webhook that
 * checks signatures.
 */
const secret = process.env.QUORATE_SECRET_HOOK
if (secret === undefined) {
  process.stderr.write(
    'QUORATE_SECRET_HOOK is not set: the secret that webhooks are signed with, the same as for the server\n',
  )
  process.exit(1)
}
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const mails = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  onData: (stream, session, done) => {
    void simpleParser(stream).then(({ subject, text }) => {
      say(`mail to ${session.envelope.rcptTo.map(({ address }) => address).join(', ')}: ${subject}`)
      say((text ?? '').replace(/^/gm, '  | '))
      done()
    })
  },
})

const hooks = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    try {
      const body = new Webhook(secret).verify(Buffer.concat(chunks), request.headers as Record<string, string>)
      const { data } = body as { data: { object: string; state: string | null; previous: string | null } }
      say(
        `webhook ${String(request.headers['webhook-id'])}: ${data.object} ${data.previous ?? 'new'} → ${data.state ?? 'gone'}`,
      )
      response.writeHead(204).end()
    } catch (error) {
      say(`webhook refused: ${error instanceof Error ? error.message : 'unreadable'}`)
      response.writeHead(401).end()
    }
  })
})

mails.listen(Number(process.env.MAIL_PORT ?? 2525), '127.0.0.1', () => {
  hooks.listen(Number(process.env.HOOK_PORT ?? 9099), '127.0.0.1', () => say('takes mail on 2525 and webhooks on 9099'))
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    mails.close()
    hooks.closeAllConnections()
    hooks.close()
  })
