const SURROGATE = 0xd800
const ABOVE = 0xe000

/** UTF-16 units mapped so that their order is that of code points: surrogates sort above U+E000–U+FFFF. */
const rank = (unit: number): number => (unit < SURROGATE ? unit : unit >= ABOVE ? unit - 0x800 : unit + 0x2000)

/**
 * Orders strings as their UTF-8 bytes are ordered (JavaScript's `<` orders UTF-16 units, which differs above U+D7FF).
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}
