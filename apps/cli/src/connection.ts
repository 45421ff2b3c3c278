import { parseExactly } from '@quorate/contracts/json'
import { NotifierClient, ProblemError, QuorateClient } from '@quorate/client'

export interface ConnectionOptions {
  readonly url?: string
}

/** The parts of Quorate that a command may call; `npm start` runs both at one address. */
export type Part = 'aggregator' | 'notifier'

interface Address {
  readonly url: string
  readonly apiKey?: string
  readonly parse: (text: string) => unknown
}

/**
 * The address of a part by `--url`, the environment or quorate.yaml, with the configured key.
 * @throws ConfigError
 */
async function addressOf(part: Part, { url: given }: ConnectionOptions): Promise<Address> {
  const { loadConfig } = await import('@quorate/config')
  const config = loadConfig('cli', { argv: given === undefined ? [] : ['--url', given] })
  const url = part === 'notifier' && given === undefined ? (config.notifierUrl ?? config.url) : config.url
  return { url, parse: parseExactly, ...(config.apiKey ? { apiKey: config.apiKey.reveal() } : {}) }
}

/** @throws ConfigError */
export const connect = async (options: ConnectionOptions): Promise<QuorateClient> =>
  new QuorateClient(await addressOf('aggregator', options))

/**
 * Runs a request to the aggregator.
 * @throws ConfigError, WrongServer
 */
export async function askAggregator(options: ConnectionOptions, ask: (client: QuorateClient) => Promise<void>) {
  const address = await addressOf('aggregator', options)
  await ask(new QuorateClient(address)).catch(orWrongServer('aggregator', address))
}

/**
 * Runs a request to the notifier.
 * @throws ConfigError, WrongServer
 */
export async function askNotifier(options: ConnectionOptions, ask: (client: NotifierClient) => Promise<void>) {
  const address = await addressOf('notifier', options)
  await ask(new NotifierClient(address)).catch(orWrongServer('notifier', address))
}

const HINT = {
  aggregator:
    'This command needs the aggregator, and this server may be a notifier. Name the aggregator with --url or ' +
    'QUORATE_URL',
  notifier:
    'This command needs the notifier, and this server may be an aggregator. Name the notifier with --url or ' +
    'QUORATE_NOTIFIER_URL',
} as const
const USUAL_PORT = { aggregator: 8080, notifier: 8081 } as const

/** A server that responds but lacks the resource that the command needs. */
export class WrongServer extends Error {
  override readonly name = 'WrongServer'
  readonly code = 'wrong-server'
}

/** Every command uses a resource of its part: a server without it is another part, or another release. */
function orWrongServer(part: Part, { url }: Address): (error: unknown) => never {
  return (error) => {
    if (!ProblemError.is(error, 'no-route')) throw error
    throw new WrongServer(`${url} does not have this resource. ${HINT[part]} (default port: ${USUAL_PORT[part]}).`)
  }
}
