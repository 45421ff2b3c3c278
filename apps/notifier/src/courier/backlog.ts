import type { Row, TableReader } from '@quorate/state-store'
import { behind, laneOfKey, within } from '../outbox/keys'

/** Rows read at once. */
const PAGE = 64

/** The first delivery of a lane. */
export interface First {
  readonly lane: string
  readonly row: Row
  /** May there be something behind it? */
  readonly more: boolean
}

/**
 * The deliveries to one endpoint that lie in one partition's outbox and are not in memory: read lane by lane, only the first of each,
 * as the courier gets room. However much waits for an endpoint, the courier holds a window of it.
 */
export class Backlog {
  private after: string
  private again = false
  private page: readonly Row[] = []
  private at = 0
  /** False: every lane of the outbox has been handed out. */
  more = true

  constructor(private readonly endpoint: string) {
    this.after = within(endpoint).from
  }

  /** A lane was planned that there is no room for. */
  grew(): void {
    if (this.more) this.again = true
    else this.restart()
  }

  /** The next lane's first delivery. */
  next(outbox: TableReader): First | undefined {
    for (;;) {
      while (this.at < this.page.length) {
        const first = this.first(this.page[this.at]!.key)
        // What was read a while ago may have been delivered since, on another way into memory, or have been changed.
        const value = outbox.get(first.key)
        if (value) return { lane: first.lane, row: { key: first.key, value }, more: first.more }
      }
      this.page = [...outbox.range({ from: this.after, to: within(this.endpoint).to, limit: PAGE })]
      this.at = 0
      if (this.page.length > 0) continue
      if (!this.again) {
        this.more = false
        return undefined
      }
      this.restart()
    }
  }

  /** Goes on behind the lane of a key. */
  private first(key: string): { key: string; lane: string; more: boolean } {
    const lane = laneOfKey(key)
    const begun = this.at++
    while (this.at < this.page.length && laneOfKey(this.page[this.at]!.key) === lane) this.at++
    this.after = behind(lane)
    return { key, lane, more: this.at - begun > 1 || this.at === this.page.length }
  }

  private restart(): void {
    this.after = within(this.endpoint).from
    this.page = []
    this.at = 0
    this.again = false
    this.more = true
  }
}
