import type { ChangeMessage } from '../outbox/message'

/** States that end an alert, unless the endpoint's settings say others. */
export const RESOLVED: readonly string[] = ['up', 'ok']

/** Does the change end what was open? The object is well again, or gone; one that flaps is neither. */
export const isResolved = ({ state, flapping }: ChangeMessage, resolved: readonly string[] = RESOLVED): boolean =>
  flapping?.phase !== 'began' && (state === null || resolved.includes(state))
