import { LogError } from '../src'
import type { BearerTokens } from './bearer-tokens'

/**
 * kafkajs's way of sending one message of a log-in and reading the server's; both as Kafka's BYTES: an int32 size, then
 * so many bytes.
 */
type SaslAuthenticate = (exchange: {
  request: { encode(): Promise<Buffer> }
  response: { decode(bytes: Buffer): Promise<Buffer>; parse(bytes: Buffer): Promise<string> }
}) => Promise<string | undefined>

const SIZE = 4

/**
 * The client's side of OAUTHBEARER (RFC 7628) in the place of kafkajs's own, which does not read the server's answer: a
 * refusal comes as JSON in an answer without an error code, and kafkajs would take itself for logged in, until the
 * broker hangs up on the next request.
 */
export function bearerLogin(tokens: BearerTokens): object {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }: { saslAuthenticate: SaslAuthenticate }) => ({
      authenticate: async (): Promise<void> => {
        const { value } = await tokens()
        const refusal = await saslAuthenticate({
          request: { encode: () => Promise.resolve(sized(`n,,\u0001auth=Bearer ${value}\u0001\u0001`)) },
          response: {
            decode: (bytes) => Promise.resolve(bytes.subarray(SIZE)),
            parse: (bytes) => Promise.resolve(bytes.toString('utf8')),
          },
        })
        if (refusal) throw new LogError('LOG_UNAUTHORIZED', `the brokers refuse the token: ${refusal}`)
      },
    }),
  }
}

function sized(text: string): Buffer {
  const bytes = Buffer.alloc(SIZE + Buffer.byteLength(text))
  bytes.writeInt32BE(bytes.length - SIZE)
  bytes.write(text, SIZE)
  return bytes
}
