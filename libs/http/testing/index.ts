import type { Call } from '../src/call'

/** A call of a client, as it would be without anything special. */
export const testCall = (members: Partial<Call> = {}): Call => ({
  id: 'r',
  method: 'GET',
  url: '/x',
  headers: {},
  body: undefined,
  principal: undefined,
  forwarded: false,
  caller: 'local@127.0.0.1',
  isGone: () => false,
  ...members,
})
