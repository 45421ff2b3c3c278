/** Where a decision's record lies: the key of its page, and its id. */
export type RecordRef = string

export const refOf = (page: string, id: string): RecordRef => `${page}/${id}`
export const pageOf = (ref: RecordRef): string => ref.slice(0, ref.indexOf('/'))
export const idOf = (ref: RecordRef): string => ref.slice(ref.indexOf('/') + 1)
