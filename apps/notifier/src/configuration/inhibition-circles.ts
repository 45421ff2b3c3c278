import { glob, globPrefix } from '@quorate/contracts'
import type { InhibitionDocument } from './document'

/** Inhibitions whose parents hold each other back: nobody would be told of any of them. */
export interface InhibitionCircle {
  /** The inhibition that closes the circle: without it there is none. */
  readonly name: string
  /** The parents, each a dependant of the one before; the first again at the end. */
  readonly parents: readonly string[]
}

/**
 * The circles among inhibitions: each one that closes a circle is named once. Parents are ids, so a circle by globs is
 * found as well.
 */
export function inhibitionCircles(inhibitions: ReadonlyMap<string, InhibitionDocument>): InhibitionCircle[] {
  const held = heldBy(inhibitions)
  const found: InhibitionCircle[] = []
  const done = new Set<string>()
  for (const start of inhibitions.keys()) {
    const path: Step[] = []
    const enter = (name: string): void => void path.push({ name, next: held(name) })
    if (!done.has(start)) enter(start)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { value: name, done: ended } = top.next.next()
      const at = ended ? -1 : path.findIndex((step) => step.name === name)
      if (at >= 0) found.push({ name: top.name, parents: circleOf(path.slice(at), inhibitions) })
      // One that closes a circle is left as it is: what it leads to is reached by others.
      if (ended || at >= 0) done.add(path.pop()!.name)
      else if (!done.has(name)) enter(name)
    }
  }
  return found
}

interface Step {
  readonly name: string
  readonly next: Iterator<string, undefined>
}

function circleOf(path: readonly Step[], inhibitions: ReadonlyMap<string, InhibitionDocument>): string[] {
  const parents = path.map(({ name }) => inhibitions.get(name)!.parent)
  return [...parents, parents[0]!]
}

/** The inhibitions whose parents are dependants of one. */
function heldBy(inhibitions: ReadonlyMap<string, InhibitionDocument>): (name: string) => Iterator<string, undefined> {
  const parents = [...inhibitions].map(([name, { parent }]) => ({ name, parent }))
  parents.sort((a, b) => (a.parent < b.parent ? -1 : a.parent > b.parent ? 1 : 0))
  return function* (name) {
    const { parent, dependants } = inhibitions.get(name)!
    for (const pattern of [dependants].flat()) {
      const [opening, takes] = [globPrefix(pattern), glob(pattern)]
      for (let i = firstFrom(parents, opening); parents[i]?.parent.startsWith(opening); i++)
        if (parents[i]!.parent !== parent && takes(parents[i]!.parent)) yield parents[i]!.name
    }
    return undefined
  }
}

/** Index of the first parent that is not before `opening`. */
function firstFrom(parents: readonly { readonly parent: string }[], opening: string): number {
  let [low, high] = [0, parents.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (parents[middle]!.parent < opening) low = middle + 1
    else high = middle
  }
  return low
}
