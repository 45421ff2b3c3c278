import type { Row, TableReader } from '@quorate/state-store'
import { behind, laneOfKey, within } from '../rows/keys'
import type { PlannedDelivery } from '../rows/rows'
import { outboxRow } from '../rows/packed-rows'

/** Rows read at once, at most. */
export const MAX_ROWS_READ = 64

/** What is behind the head of a lane, as far as is known here. */
export interface LaneRest {
  readonly next?: PlannedDelivery
  /** May there be more in the outbox? */
  readonly more: boolean
}

/** The first delivery of a lane. */
export interface First {
  readonly lane: string
  readonly head: PlannedDelivery
  readonly rest: LaneRest
}

/**
 * The deliveries to one endpoint that lie in one partition's outbox and are not in memory: read lane by lane, only the
 * first of each, as the courier gets room. However much waits for an endpoint, the courier holds a window of it.
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

  /** The next lane's first delivery, where there is room for so many lanes. */
  next(outbox: TableReader, room: number): First | undefined {
    for (;;) {
      if (this.at < this.page.length) {
        const { lane, rows } = this.nextLane()
        return { lane, head: planned(rows[0]!), rest: this.rest(rows) }
      }
      const limit = Math.min(MAX_ROWS_READ, room)
      this.page = [...outbox.range({ from: this.after, to: within(this.endpoint).to, limit })]
      this.at = 0
      if (this.page.length > 0) continue
      if (!this.again) {
        this.more = false
        return undefined
      }
      this.restart()
    }
  }

  /** Nothing more for now: rows that were read ahead may be settled or changed before it goes on. */
  pause(): void {
    this.page = []
    this.at = 0
  }

  /** The rows of the next lane that are at hand; goes on behind it. */
  private nextLane(): { lane: string; rows: readonly Row[] } {
    const begun = this.at
    const lane = laneOfKey(this.page[begun]!.key)
    while (this.at < this.page.length && laneOfKey(this.page[this.at]!.key) === lane) this.at++
    this.after = behind(lane)
    return { lane, rows: this.page.slice(begun, this.at) }
  }

  private rest([, next, third]: readonly Row[]): LaneRest {
    const more = third !== undefined || this.at === this.page.length
    return next ? { next: planned(next), more } : { more }
  }

  private restart(): void {
    this.after = within(this.endpoint).from
    this.page = []
    this.at = 0
    this.again = false
    this.more = true
  }
}

const planned = ({ key, value }: Row): PlannedDelivery => ({ key, row: outboxRow.decode(value) })
