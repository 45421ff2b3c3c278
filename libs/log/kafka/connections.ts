import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import Broker from 'kafkajs/src/broker'
import ConnectionPool, { type Connection } from 'kafkajs/src/network/connectionPool'
import { LogError } from '../src'
import { bearerLogin } from './bearer-login'
import { exchange, hangUp } from './exchange'
import { kafkajsLogger } from './kafkajs-logger'
import type { KafkaSettings } from './options'
import { Unreachable } from './protocol-errors'
import type { Request } from './requests/request'

export interface Address {
  readonly host: string
  readonly port: number
}

/** A broker serves the requests of one connection one after the other; lanes are connections of one link. */
export type Lane = 0 | 1

interface Link {
  readonly address: Address
  readonly broker: Broker
  readonly connecting: (Promise<Connection> | undefined)[]
  ready: boolean
}

/**
 * Connections to the brokers for one purpose. Requests behind an idle long poll, a parked JoinGroup or a slow Produce
 * wait it out, so groups, fetching, producing and questions have one each. Connected when first used, and again after a
 * failure.
 */
export class Connections {
  private readonly links = new Map<number, Link>()
  private closed = false

  constructor(
    private readonly settings: KafkaSettings,
    private readonly addressOf: (nodeId: number) => Address,
  ) {}

  /** Rejects with `Unreachable` (nothing was sent) or `NoAnswer` (sent; nobody knows). */
  send<Answer>(nodeId: number, request: Request<Answer>, lane: Lane = 0): Promise<Answer> {
    // Requests go out in the order of the calls: over a standing connection in the same turn, else when it stands.
    const standing = this.standing(nodeId, lane)
    if (standing) return exchange(standing, request, this.settings.clientId)
    return this.connection(nodeId, lane).then((connection) => exchange(connection, request, this.settings.clientId))
  }

  /** kafkajs's own broker, connected: for the requests of groups. */
  async broker(nodeId: number): Promise<Broker> {
    await this.connection(nodeId, 0)
    return this.links.get(nodeId)!.broker
  }

  /** Drops the connections to a node: whoever waits for an answer of it gets none. */
  async drop(nodeId: number): Promise<void> {
    const link = this.links.get(nodeId)
    if (!link) return
    this.links.delete(nodeId)
    await Promise.all(link.broker.connectionPool.pool.map(hangUp))
  }

  /** Drops every connection at once; whoever waits for an answer gets none. */
  async close(): Promise<void> {
    this.closed = true
    const links = [...this.links.values()]
    this.links.clear()
    await Promise.all(links.flatMap(({ broker }) => broker.connectionPool.pool.map(hangUp)))
  }

  private standing(nodeId: number, lane: Lane): Connection | undefined {
    const link = this.links.get(nodeId)
    if (!link || link.connecting[lane]) return undefined
    const connection = link.broker.connectionPool.pool[lane]!
    return connection.isConnected() && !this.isExpired(connection) ? connection : undefined
  }

  private isExpired(connection: Connection): boolean {
    return Boolean(this.settings.sasl) && !connection.isAuthenticated()
  }

  private async connection(nodeId: number, lane: Lane): Promise<Connection> {
    if (this.closed) throw new LogError('LOG_CLOSED', 'no request can be sent any more')
    const link = this.link(nodeId)
    const connection = link.broker.connectionPool.pool[lane]!
    if (link.connecting[lane]) return link.connecting[lane]
    if (connection.isConnected()) {
      if (!this.isExpired(connection)) return connection
      // kafkajs logs in again on the same connection, where the answers of requests in flight would be taken for the
      // server's part of the log-in: take a new link and let the old one run dry.
      this.links.delete(nodeId)
      void link.broker.disconnect()
      return this.connection(nodeId, lane)
    }
    link.connecting[lane] = this.connect(link, connection).finally(() => (link.connecting[lane] = undefined))
    return link.connecting[lane]
  }

  private link(nodeId: number): Link {
    const address = this.addressOf(nodeId)
    const known = this.links.get(nodeId)
    if (known && known.address.host === address.host && known.address.port === address.port) return known
    if (known) void Promise.all(known.broker.connectionPool.pool.map(hangUp))
    const link = { address, broker: this.newBroker(nodeId, address), connecting: [], ready: false }
    this.links.set(nodeId, link)
    return link
  }

  private async connect(link: Link, connection: Connection): Promise<Connection> {
    await nextTurn() // a connection that has just failed ends its *present* socket a few microtasks later: not the new one
    link.broker.connectionPool.pool.forEach(forgetTorso)
    try {
      if (!link.ready) {
        await link.broker.connect()
        link.ready = true
      }
      if (!connection.isConnected()) await connection.connect()
      if (this.isExpired(connection)) await connection.authenticate()
      this.settings.reachability.found(placeOf(link.address))
    } catch (error) {
      await hangUp(connection)
      if (LogError.is(error)) throw error // no token to log in with
      if (error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError' && !BROKEN_OFF.test(error.message))
        throw new LogError('LOG_UNAUTHORIZED', error.message, { cause: error })
      const place = placeOf(link.address)
      const reason = error instanceof Error ? error.message : String(error)
      // What we closed ourselves is not out of reach.
      if (!this.closed) this.settings.reachability.lost(place, reason)
      throw new Unreachable(`${place} cannot be reached: ${reason}`, { cause: error })
    }
    if (this.closed) await hangUp(connection)
    return connection
  }

  private newBroker(nodeId: number, { host, port }: Address): Broker {
    const { ssl, sasl, clientId, connectionTimeoutMs, requestTimeoutMs } = this.settings
    const logger = kafkajsLogger(this.settings.logger)
    const connectionPool = new ConnectionPool({
      host,
      port,
      ssl: ssl === true ? {} : ssl || null,
      sasl: sasl && 'oauthBearerProvider' in sasl ? bearerLogin(sasl.oauthBearerProvider) : (sasl ?? null),
      clientId,
      socketFactory: openSocket,
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: true,
      logger,
    })
    connectionPool.pool.forEach(stopIdleTimer)
    return new Broker({ connectionPool, logger, nodeId, authenticationTimeout: connectionTimeoutMs })
  }
}

const placeOf = ({ host, port }: Address): string => `${host}:${port}`

/** kafkajs calls every failure of a log-in a refusal, also a connection that ended amid it: what it says of those. */
const BROKEN_OFF = /closed connection|connection (error|timeout|closed|was closed)|not connected|timed out/i

/**
 * kafkajs keeps half an answer over a reconnect and would add the new connection's bytes to it: nothing would be
 * answered ever again.
 */
function forgetTorso(connection: Connection): void {
  if (connection.isConnected()) return
  connection.chunks = []
  connection.bytesBuffered = 0
  connection.bytesNeeded = 4
}

function openSocket(options: {
  host: string
  port: number
  ssl: ConnectionOptions | null
  onConnect: () => void
}): Socket {
  const { host, port, ssl, onConnect } = options
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect)
  // Requests are small and pipelined: without this, each waits for the acknowledgement of the one before.
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}

/**
 * kafkajs 2.2.4 plans a look at its queue with a negative delay after every answer, even when nothing is queued, and so
 * wakes a thousand times a second for ever: 3 % of a core.
 */
function stopIdleTimer({ requestQueue }: Connection): void {
  const original = requestQueue.scheduleCheckPendingRequests.bind(requestQueue)
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0) original()
  }
}
