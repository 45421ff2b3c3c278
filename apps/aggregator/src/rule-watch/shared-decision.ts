// What the watching thread can see of a decision: plain numbers and text in memory that both threads share.

/** Odd while a rule decides, even between decisions. */
export const TURN = 0
/** −1: a trial, without a partition. */
export const PARTITION = 1
export const TEXT_BYTES = 2
export const NUMBERS = 3
/** Bytes for rule, policy and object as JSON: names have up to 512 bytes and more. */
export const TEXT_MOST = 4096

export interface WatchData {
  readonly numbers: Int32Array
  readonly text: Uint8Array
  /** ms that a decision may take before the first line. */
  readonly patienceMs: number
  readonly everyMs: number
}
