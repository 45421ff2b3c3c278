import { QuorateClient } from '@quorate/client'

export interface ConnectionOptions {
  readonly url?: string
}

/** The server that `--url`, QUORATE_URL or quorate.yaml names, with the key that is configured. @throws ConfigError */
export async function connect({ url }: ConnectionOptions): Promise<QuorateClient> {
  const { loadConfig } = await import('@quorate/config')
  const config = loadConfig('cli', { argv: url === undefined ? [] : ['--url', url] })
  return new QuorateClient({ url: config.url, ...(config.apiKey ? { apiKey: config.apiKey.reveal() } : {}) })
}
