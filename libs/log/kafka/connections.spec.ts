import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Connections } from './connections'
import { type KafkaLogOptions, settingsOf } from './options'
import { NoAnswer, Unreachable } from './protocol-errors'
import type { Request } from './requests/request'

const API_VERSIONS = 18
const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const ECHO: Request<number> = {
  name: 'Echo',
  apiKey: 999,
  version: 0,
  flexible: false,
  write: () => undefined,
  read: (reader) => reader.int32(),
}

/** A broker that says which versions it has, and then answers each request as it is told. */
class FakeBroker {
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  constructor(answer: (socket: Socket, correlationId: number, apiKey: number) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket)
      let seen = Buffer.alloc(0)
      socket.on('error', () => undefined)
      socket.on('data', (data: Buffer) => {
        seen = Buffer.concat([seen, data])
        while (seen.length >= 4 && seen.length >= 4 + seen.readInt32BE(0)) {
          const request = seen.subarray(4, 4 + seen.readInt32BE(0))
          seen = seen.subarray(4 + request.length)
          const apiKey = request.readInt16BE(0)
          const correlationId = request.readInt32BE(4)
          if (apiKey === API_VERSIONS) socket.write(framed(correlationId, versions(request.readInt16BE(2))))
          else answer(socket, correlationId, apiKey)
        }
      })
    })
  }

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return (this.server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

const ints = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeInt32BE(value, 4 * i))
  return bytes
}
const framed = (correlationId: number, body: Buffer): Buffer =>
  Buffer.concat([ints(4 + body.length, correlationId), body])

/** ApiVersions of a broker that has little else. */
function versions(version: number): Buffer {
  const keys = [API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE]
  const body = Buffer.alloc(6 + 6 * keys.length + (version > 0 ? 4 : 0))
  body.writeInt32BE(keys.length, 2)
  keys.forEach((key, i) => {
    body.writeInt16BE(key, 6 + 6 * i)
    body.writeInt16BE(1, 10 + 6 * i)
  })
  return body
}

describe('a connection to a broker', () => {
  let broker: FakeBroker
  let connections: Connections
  const connect = async (answer: ConstructorParameters<typeof FakeBroker>[0], more: Partial<KafkaLogOptions> = {}) => {
    broker = new FakeBroker(answer)
    const port = await broker.listen()
    const settings = settingsOf({ brokers: [], clientId: 'spec', requestTimeoutMs: 2_000, ...more })
    connections = new Connections(settings, () => ({ host: '127.0.0.1', port }))
  }
  afterEach(async () => {
    await connections.close()
    await broker.close()
  })

  it('that ends amid an answer leaves nothing of it to the next one', async () => {
    let asked = 0
    await connect((socket, correlationId) => {
      if (asked++ > 0) return void socket.write(framed(correlationId, ints(42)))
      // Of a megabyte only the beginning.
      socket.write(Buffer.concat([ints(1_000_000, correlationId), Buffer.alloc(5_000, 7)]), () => socket.destroy())
    })
    await expect(connections.send(1, ECHO)).rejects.toBeInstanceOf(NoAnswer)
    expect(await connections.send(1, ECHO)).toBe(42)
    expect(await connections.send(1, ECHO)).toBe(42)
  })

  it.each([
    ['plain', { mechanism: 'plain', username: 'u', password: 'p' }],
    ['SCRAM', { mechanism: 'scram-sha-256', username: 'u', password: 'p' }],
  ] as const)('that ends amid a log-in (%s) is no refusal of the credentials', async (_, sasl) => {
    const mechanism = sasl.mechanism.toUpperCase()
    const mechanisms = Buffer.concat([Buffer.from([0, 0]), ints(1), Buffer.from([0, mechanism.length])])
    await connect(
      (socket, correlationId, apiKey) => {
        if (apiKey === SASL_HANDSHAKE)
          socket.write(framed(correlationId, Buffer.concat([mechanisms, Buffer.from(mechanism)])))
        else socket.destroy()
      },
      { sasl },
    )
    await expect(connections.send(1, ECHO)).rejects.toBeInstanceOf(Unreachable)
  })
})
