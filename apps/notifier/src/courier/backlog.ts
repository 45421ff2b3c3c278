import type { Row, TableReader } from '@quorate/state-store'
import { behind, laneOfKey, within } from '../outbox/keys'

/**
 * The deliveries to one endpoint that lie in one partition's outbox and are not in memory: read lane by lane, only the first of each,
 * as the courier gets room. However much waits for an endpoint, the courier holds a window of it.
 */
export class Backlog {
  private after: string
  private again = false
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
  next(outbox: TableReader): Row | undefined {
    for (;;) {
      for (const row of outbox.range({ from: this.after, to: within(this.endpoint).to, limit: 1 })) {
        this.after = behind(laneOfKey(row.key))
        return row
      }
      if (!this.again) {
        this.more = false
        return undefined
      }
      this.restart()
    }
  }

  private restart(): void {
    this.after = within(this.endpoint).from
    this.again = false
    this.more = true
  }
}
