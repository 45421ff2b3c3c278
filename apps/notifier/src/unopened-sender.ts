import { type Outcome, type Outgoing, type Sender, SettingsError, type Standing } from './channels'

/** An endpoint that could not be opened: each attempt tries to, since the secret that it misses may come. */
export class UnopenedSender implements Sender {
  private sender: Sender | undefined

  constructor(
    private readonly open: () => Sender,
    private readonly fault: string,
  ) {}

  get description(): Sender['description'] {
    return this.sender?.description ?? { fault: this.fault }
  }

  get fingerprint(): string {
    return this.sender?.fingerprint ?? 'unopened'
  }

  get standing(): Standing {
    // What stands is handed over before the first attempt.
    return {
      put: (partition, object, standing) => this.opened()?.standing?.put(partition, object, standing),
      drop: (partition) => this.sender?.standing?.drop(partition),
    }
  }

  async send(outgoing: Outgoing): Promise<Outcome> {
    const sender = this.opened()
    return sender ? sender.send(outgoing) : { kind: 'retry', reason: `not-opened: ${this.fault}` }
  }

  async close(): Promise<void> {
    await this.sender?.close()
  }

  private opened(): Sender | undefined {
    try {
      this.sender ??= this.open()
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
    }
    return this.sender
  }
}
