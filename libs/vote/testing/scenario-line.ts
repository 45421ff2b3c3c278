import type { ObjectId } from '@quorate/contracts'

/** A line of a scenario in the format of `simulate`. Times in ms. */
export interface ScenarioLine {
  readonly at: number
  readonly object?: ObjectId
  readonly type: string
  readonly data?: unknown
}
