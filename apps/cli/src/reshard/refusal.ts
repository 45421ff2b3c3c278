/** Why nothing was moved, and what to do. */
export class ReshardRefused extends Error {
  override readonly name = 'ReshardRefused'
  /** For the command line: an expected error. */
  readonly code = 'RESHARD_REFUSED'
}
