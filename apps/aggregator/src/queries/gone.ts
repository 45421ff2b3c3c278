import { type Call, Problem } from '@quorate/http'

/** Ends work for a call whose connection has closed. @throws Problem that nobody will read */
export function refuseGone(call: Call): void {
  if (call.isGone()) throw new Problem('position-timeout', 'The client has disconnected, so nothing was looked up.')
}
