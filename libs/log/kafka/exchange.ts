import type { Socket } from 'node:net'
import type { Connection } from 'kafkajs/src/network/connectionPool'
import { NoAnswer, Unreachable } from './protocol-errors'
import type { Request } from './requests/request'
import { ByteReader } from './wire/byte-reader'
import { ByteWriter } from './wire/byte-writer'

const API_VERSIONS = 18

/**
 * Sends one request over a connection of kafkajs and reads its answer. Goes to the connection's queue directly:
 * kafkajs's own `send` copies every request twice through zeroed buffers, which costs a Produce as much as encoding it.
 */
export async function exchange<Answer>(
  connection: Connection,
  request: Request<Answer>,
  clientId: string,
): Promise<Answer> {
  const correlationId = connection.nextCorrelationId()
  const bytes = encode(request, correlationId, clientId)
  const payload = await new Promise<Buffer>((resolve, reject) => {
    // Checked in the same turn as the write: the connection may have closed while others were awaited.
    if (!connection.isConnected() || !connection.socket)
      return reject(new Unreachable(`${request.name} could not be sent: the connection was closed`))
    const { name: apiName, apiKey, version: apiVersion } = request
    connection.requestQueue.push({
      entry: {
        apiKey,
        apiName,
        apiVersion,
        correlationId,
        resolve: (answer) => resolve(answer.payload),
        reject: (cause) => {
          // The late answer to a request given up could still take effect behind the back of a retry: end its
          // connection.
          if (cause.name === 'KafkaJSRequestTimeoutError') void hangUp(connection)
          reject(new NoAnswer(`${request.name} got no answer: ${cause.message}`, { cause }))
        },
      },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => writeTogether(connection.socket!, bytes),
    })
  })
  const reader = new ByteReader(payload)
  if (request.flexible && request.apiKey !== API_VERSIONS) reader.tags()
  return request.read(reader)
}

/**
 * What is sent in one turn goes out in one system call: with small transactions those are a third of the whole work.
 */
function writeTogether(socket: Socket, bytes: Buffer): void {
  if (socket.writableCorked === 0) {
    socket.cork()
    process.nextTick(() => socket.uncork())
  }
  socket.write(bytes)
}

/** Ends a connection at once; requests in flight get no answer. */
export async function hangUp(connection: Connection): Promise<void> {
  connection.rejectRequests(new Error('the connection was closed'))
  await connection.disconnect()
  connection.socket?.destroy()
}

function encode(request: Request<unknown>, correlationId: number, clientId: string): Buffer {
  const writer = new ByteWriter((request.size ?? 256) + 64 + 3 * clientId.length)
  writer.int32(0).int16(request.apiKey).int16(request.version).int32(correlationId).string(clientId)
  if (request.flexible) writer.tags()
  request.write(writer)
  writer.bytes.writeInt32BE(writer.at - 4, 0)
  return writer.bytes.subarray(0, writer.at)
}
