import { type Outcome, type Outgoing, type Sender, SettingsError, type ActiveAlerts } from '../channels'

/**
 * An endpoint whose secrets have to be read before it can be opened. Where that fails now each attempt tries again,
 * since a secret that is missing may come; its deliveries wait meanwhile.
 */
export class OpeningSender implements Sender {
  /** While the first try is under way. */
  opening: Promise<void> | undefined
  private sender: Sender | undefined
  private fault = 'its secrets are being read'
  private trying: Promise<void> | undefined
  private closed = false

  constructor(
    private readonly open: () => Promise<Sender>,
    /** Called when the first try has ended, and when a later one opened it. */
    private readonly ended: (fault: string | undefined) => void,
  ) {
    this.opening = this.tryOnce().finally(() => {
      this.opening = undefined
      if (!this.sender) this.ended(this.fault)
    })
  }

  get description(): Sender['description'] {
    return this.sender?.description ?? { fault: this.fault }
  }

  get fingerprint(): string {
    return this.sender?.fingerprint ?? 'unopened'
  }

  get activeAlerts(): ActiveAlerts | undefined {
    return this.sender?.activeAlerts
  }

  async send(outgoing: Outgoing): Promise<Outcome> {
    await this.tryOnce()
    return this.sender ? this.sender.send(outgoing) : { kind: 'retry', reason: `not-opened: ${this.fault}` }
  }

  async close(): Promise<void> {
    this.closed = true
    await this.trying
    await this.sender?.close()
  }

  /** One try at a time, whoever waits for it. */
  private async tryOnce(): Promise<void> {
    if (this.sender || this.closed) return
    this.trying ??= this.tryToOpen().finally(() => (this.trying = undefined))
    await this.trying
  }

  private async tryToOpen(): Promise<void> {
    try {
      this.sender = await this.open()
    } catch (error) {
      this.fault = error instanceof SettingsError ? error.message : 'it cannot be opened'
      return
    }
    // After `opening` is taken back.
    setImmediate(() => this.ended(undefined))
  }
}

/** An endpoint that cannot be opened as it is stored: its deliveries wait until it is written anew. */
export class FaultySender implements Sender {
  readonly description: Sender['description']
  readonly fingerprint = 'faulty'

  constructor(private readonly reason: string) {
    this.description = { fault: reason }
  }

  send(): Promise<Outcome> {
    return Promise.resolve({ kind: 'retry', reason: this.reason })
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}
