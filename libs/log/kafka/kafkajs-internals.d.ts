// The parts of kafkajs 2.2.4 (pinned) that lie under its published interface and that connections.ts uses.

declare module 'kafkajs/src/network/connectionPool' {
  import type { Socket } from 'node:net'

  namespace ConnectionPool {
    interface Connection {
      readonly socket: Socket | undefined
      readonly requestQueue: RequestQueue
      /** What has come of an answer that is not complete. */
      chunks: Buffer[]
      bytesBuffered: number
      bytesNeeded: number
      isConnected(): boolean
      connect(): Promise<unknown>
      /** false for ever without SASL; else until the session's lifetime nears its end. */
      isAuthenticated(): boolean
      authenticate(): Promise<void>
      nextCorrelationId(): number
      rejectRequests(error: Error): void
      disconnect(): Promise<unknown>
    }

    interface RequestQueue {
      readonly pending: readonly unknown[]
      scheduleCheckPendingRequests(): void
      push(request: {
        readonly entry: {
          readonly apiKey: number
          readonly apiName: string
          readonly apiVersion: number
          readonly correlationId: number
          resolve(answer: { readonly payload: Buffer }): void
          reject(error: Error): void
        }
        readonly expectResponse: boolean
        readonly requestTimeout: number | null
        sendRequest(): void
      }): void
    }
  }
  class ConnectionPool {
    constructor(options: Record<string, unknown>)
    /** [for everything, for Fetch] */
    readonly pool: readonly ConnectionPool.Connection[]
  }
  export = ConnectionPool
}

declare module 'kafkajs/src/broker' {
  import type ConnectionPool from 'kafkajs/src/network/connectionPool'

  class Broker {
    constructor(options: Record<string, unknown>)
    readonly connectionPool: ConnectionPool
    /** Connects, asks for API versions, logs in. */
    connect(): Promise<void>
    /** Waits for the answers in flight. */
    disconnect(): Promise<void>

    joinGroup(request: {
      groupId: string
      sessionTimeout: number
      rebalanceTimeout: number
      memberId: string
      groupProtocols: { name: string; metadata: Buffer }[]
    }): Promise<{
      generationId: number
      leaderId: string
      memberId: string
      members: { memberId: string; memberMetadata: Buffer }[]
    }>
    syncGroup(request: {
      groupId: string
      generationId: number
      memberId: string
      groupAssignment: { memberId: string; memberAssignment: Buffer }[]
    }): Promise<{ memberAssignment: Buffer }>
    heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
    leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
  }
  export = Broker
}
