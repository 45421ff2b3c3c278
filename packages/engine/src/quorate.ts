import type { QuorateClient } from '@quorate/client'

/** Injected into providers and controllers: the way from your code to the Quorate in the same application. */
export class Quorate {
  #client: QuorateClient | undefined

  /** @throws Error before the application listens */
  get client(): QuorateClient {
    if (!this.#client)
      throw new Error('Quorate does not listen yet; its client is there once startQuorate has resolved')
    return this.#client
  }

  connect(client: QuorateClient): void {
    this.#client = client
  }
}
