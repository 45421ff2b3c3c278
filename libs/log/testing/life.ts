/** What ends when the process does. */
export interface Life {
  readonly open: boolean
  /** Runs a call as long as the process lives, and no longer. */
  alive<T>(call: () => Promise<T>): Promise<T>
}
