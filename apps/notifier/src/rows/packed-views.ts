import type { View } from '@quorate/contracts'
import { packing } from './columns'

const views = packing<View>({
  object: 'must', incarnation: 'must', version: 'must', revision: 'must', state: 'must', from: 'must', voted: 'must', since: 'must',
  decidedAt: 'must', cause: 'must', trigger: 'must', contested: 'must', stale: 'must', flapping: 'must', divergent: 'must',
  override: 'must', tally: 'must', participants: 'must', electorate: 'must', quorum: 'must', rule: 'must', policy: 'must', incident: 'must',
  // Behind what was there before it: rows of earlier versions end there.
  tallyRest: 'may',
}) // prettier-ignore

/** A value whose view is a list, which a row takes in its place. */
export const packView = <T extends { readonly view: View | null }>(value: T): T =>
  value.view === null ? value : { ...value, view: views.pack(value.view) as never }

/** What `packView` gave; a view with its names stays as it is. */
export function unpackView<T extends { readonly view: View | null }>(value: T): T {
  const cells = value.view as unknown
  return Array.isArray(cells) ? { ...value, view: views.unpack(cells) } : value
}
