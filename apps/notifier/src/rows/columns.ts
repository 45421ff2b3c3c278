/** `must`: every value has the member. `may`: it may be absent; null comes back as absent. */
export type Columns<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? 'may' : 'must' }

/** Members of an object as a list without their names: half the bytes of JSON, and less than half its time. */
export interface Packing<T> {
  pack(value: T): unknown[]
  unpack(cells: readonly unknown[]): T
}

/**
 * The members in the order of the literal. A member that a type gains or loses does not compile until it is named here;
 * add optional ones at the end, so that rows of earlier versions stay readable.
 */
export function packing<T extends object>(columns: Columns<T>): Packing<T> {
  const names = Object.keys(columns) as (keyof T)[]
  const optional = names.map((name) => columns[name] === 'may')
  return {
    pack: (value) => names.map((name) => value[name]),
    unpack(cells) {
      const value: Partial<T> = {}
      for (let i = 0; i < names.length; i++)
        if (!optional[i] || (cells[i] !== null && cells[i] !== undefined)) value[names[i]!] = cells[i] as T[keyof T]
      return value as T
    },
  }
}
