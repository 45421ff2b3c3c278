import type { Writable } from 'node:stream'
import type { Channel, Outcome, Outgoing, Sender } from '../channel'
import { line } from './line'

export interface ConsoleSettings {
  /** stdout by default. */
  readonly stream?: Writable & { readonly isTTY?: boolean }
}

/** One readable line on stdout; coloured on a terminal (and nowhere that asks for none, https://no-color.org). */
export const console: Channel = {
  name: 'console',
  // One at a time: lines come in the order of the changes.
  concurrency: 1,
  open: (settings) => new ConsoleSender((settings as ConsoleSettings | undefined)?.stream ?? process.stdout),
}

class ConsoleSender implements Sender {
  readonly description = { stream: 'stdout' }
  readonly fingerprint = 'stdout'

  constructor(private readonly stream: NonNullable<ConsoleSettings['stream']>) {
    // A reader that went away (`npm start | head`) must not take the process with it: the write's own callback tells.
    if (stream.listenerCount('error') === 0) stream.on('error', () => undefined)
  }

  async send({ message }: Outgoing): Promise<Outcome> {
    const colour = this.stream.isTTY === true && !process.env['NO_COLOR']
    const error = await new Promise<Error | null | undefined>((resolve) =>
      this.stream.write(`${line(message, { colour })}\n`, resolve),
    )
    return error
      ? { kind: 'retry', reason: (error as NodeJS.ErrnoException).code ?? error.name }
      : { kind: 'delivered' }
  }

  async close(): Promise<void> {
    // stdout belongs to the process.
  }
}
