import type { Server } from 'node:http'

/**
 * Cuts off who does not read: an answer of which nothing could be sent for `ms` (noticed within twice that) ends with
 * its connection, and so do those that wait behind it. Without this, some forty connections with a few requests each
 * keep all the places there are, and the memory of their answers, for as long as they like. A request that waits for
 * its answer is not meant, nor one that reads slowly.
 */
export function cutOffStalled(server: Server, ms: number): void {
  // Node tells of a connection on which nothing was read or written, not even a part of what is being written.
  server.setTimeout(ms, (socket) => {
    const hasUnsent = socket.writableLength > 0
    // Between requests Node sets another time, that of idle connections; who listens has to close those too.
    const isIdle = socket.timeout !== server.timeout
    if (hasUnsent || isIdle) socket.destroy()
  })
}
