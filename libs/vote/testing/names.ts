import type { Chance } from './random-scenario'

/**
 * Names that a careless comparison confuses: by normal form, case, invisible characters or look, by reading their bytes
 * as characters, by a common hash, as a suffix of one another, or because every JavaScript object has a member of that
 * name.
 */
export const ALIKE: readonly (readonly string[])[] = [
  ['é', 'e\u0301', 'e', 'É'],
  ['\ufb01', 'fi', 'FI'],
  ['Å', 'A\u030a', '\u212b'],
  ['¹ѡ', 'Â¹Ñ¡'],
  ['ж', 'Ð¶'],
  ['漢', 'æ¼¢'],
  ['ẞ', 'ß', 'ss', 'SS'],
  ['İ', 'i', 'ı', 'I'],
  ['a', 'а', 'ａ', 'α'],
  ['a\u200b', 'a\u200d', 'a\u2060', 'a\ufeff', 'a\u00ad', '\u202ea'],
  ['한', '\u1112\u1161\u11ab'],
  ['😀', '\ud83d\ude00\ufe0f', '👍🏽', '👍'],
  ['\uffff', '\u{10000}', '\ud7ff', '\ue000', '\u{10ffff}'],
  ['AaAa', 'BBBB', 'AaBB', 'BBAa'],
  ['x', 'x ', ' x', 'x/', '/x', 'x//', 'x/1', 'x/10', 'x.', '.'],
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', '0', '00', '-0'],
  ['ا', 'أ', 'א', 'क', 'क्', 'ไทย', 'ქ', 'ß̣'],
]

/** A name of `ALIKE`, alone, doubled or after another, so that prefixes and hashes collide too. */
export function randomName(chance: Chance): string {
  const alike = chance.of(ALIKE)
  const name = chance.of(alike)
  if (chance.oneIn(3)) return `${chance.of(chance.of(ALIKE))}${name}`
  return chance.oneIn(4) ? `${name}${chance.of(alike)}` : name
}
