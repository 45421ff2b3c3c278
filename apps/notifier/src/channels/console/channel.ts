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
  // Lines that are sent in one turn of the event loop are one write, in their order.
  concurrency: 1_024,
  local: true,
  open: (settings) => new ConsoleSender((settings as ConsoleSettings | undefined)?.stream ?? process.stdout),
}

class ConsoleSender implements Sender {
  readonly description = { stream: 'stdout' }
  readonly fingerprint = 'stdout'
  private lines = ''
  private written: Promise<Outcome> | undefined

  constructor(private readonly stream: NonNullable<ConsoleSettings['stream']>) {
    // A reader that went away (`npm start | head`) must not take the process with it: the write's own callback tells.
    if (stream.listenerCount('error') === 0) stream.on('error', () => undefined)
  }

  send({ message }: Outgoing): Promise<Outcome> {
    const colour = this.stream.isTTY === true && !process.env['NO_COLOR']
    this.lines += `${line(message, { colour })}\n`
    return (this.written ??= this.write())
  }

  async close(): Promise<void> {
    // stdout belongs to the process.
  }

  private async write(): Promise<Outcome> {
    await new Promise(setImmediate)
    const { lines } = this
    this.lines = ''
    this.written = undefined
    const error = await new Promise<Error | null | undefined>((resolve) => this.stream.write(lines, resolve))
    return error
      ? { kind: 'retry', reason: (error as NodeJS.ErrnoException).code ?? error.name }
      : { kind: 'delivered' }
  }
}
