/** A batch inflates to more than it may. */
export class InflatesTooFar extends RangeError {
  constructor(maxBytes: number) {
    super(`it inflates to more than ${maxBytes} bytes`)
  }
}
