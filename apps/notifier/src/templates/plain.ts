/** Texts come from outside; nothing in them may steer a terminal or break a line (control and format characters). */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')

/** The same, cut with an ellipsis to at most `most` characters. */
export function brief(text: string, most: number): string {
  const clean = plain(text)
  return clean.length <= most
    ? clean
    : `${clean
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`
}
