/** A fault in input, with a JSON pointer to the place. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}
