/** A partition that could not answer, and why. */
export interface Missing {
  readonly partition: number
  readonly reason: string
}
