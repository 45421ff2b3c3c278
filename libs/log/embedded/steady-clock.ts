import { uptime } from 'node:os'
import type { Logger } from './logger'

/** ms; a host's clock that is set ahead by more than this is not followed. */
export const MOST_JUMP_MS = 3_600_000

export interface SteadyClockOptions {
  readonly logger: Logger
  /** ms since 1970, by the host's clock. */
  readonly wall?: () => number
  /** ms since the host was started, sleep included: nobody can set it. */
  readonly uptime?: () => number
}

/**
 * The clock of an embedded log. Append times never go back, so one record that is written while the host's clock is
 * days ahead would keep every vote alive for days. A jump ahead of more than an hour, judged by the host's uptime, is
 * therefore not followed until the clock is right again; a process that starts takes the clock as it is.
 */
export class SteadyClock {
  private base: { readonly wall: number; readonly uptime: number }
  private jumped = false
  private readonly wall: () => number
  private readonly uptime: () => number

  constructor(private readonly options: SteadyClockOptions) {
    this.wall = options.wall ?? Date.now
    this.uptime = options.uptime ?? (() => uptime() * 1000)
    this.base = { wall: this.wall(), uptime: this.uptime() }
  }

  /** ms since 1970. */
  readonly now = (): number => {
    const wall = this.wall()
    const up = this.uptime()
    const expected = this.base.wall + (up - this.base.uptime)
    const jump = wall - expected
    if (jump > MOST_JUMP_MS) {
      this.tell(jump)
      return expected
    }
    if (this.jumped) {
      this.jumped = false
      this.options.logger.warn({}, 'the clock of this host is right again: append times follow it')
    }
    this.base = { wall, uptime: up }
    return wall
  }

  private tell(jump: number): void {
    if (this.jumped) return
    this.jumped = true
    this.options.logger.error(
      { aheadMs: Math.round(jump) },
      'the clock of this host was set ahead by more than an hour: append times do not follow it. If the new time is right, restart this process; else set the clock',
    )
  }
}
