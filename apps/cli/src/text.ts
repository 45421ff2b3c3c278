export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Colours and table heads are for people: only on a terminal that is not dumb, and not if NO_COLOR is set. */
export interface Ink {
  (style: Style, text: string): string
}
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const
export const colour: Ink = (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`
export const plain: Ink = (_, text) => text

/** Removes control characters of a server's text, so that it cannot control the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '�')

/** The final filter before a text is shown: only lines, tabs and, if enabled, colours pass. */
export const steerless = (text: string, coloured: boolean): string =>
  text.replace(/(\u001b\[\d{1,2}m)|(?![\n\t])\p{Cc}/gu, (_, style?: string) => (style && coloured ? style : '�'))

/**
 * A value as JSON in one line; control characters that some terminals obey and JSON leaves as they are, are escaped.
 */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)

/** A cell of a table: plain text, or text with its style on a terminal. */
export type Cell = string | { readonly text: string; readonly style: Style }

/**
 * Rows in columns. On a terminal with a head, padded and coloured; otherwise one row per line, separated by tabs, for
 * `cut` and `awk`. The last column is never padded. Cells contain no escape sequences: the text is cleaned, then
 * padded, then coloured.
 */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], ink: Ink | undefined): string {
  const cells = rows.map((row) => row.map(cleaned))
  if (!ink) return cells.map((row) => `${row.map(({ text }) => text).join('\t')}\n`).join('')
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.text.length ?? 0)))
  const line = (row: readonly CleanCell[]) =>
    row
      .map(({ text, style }, i) => {
        const shown = style ? ink(style, text) : text
        return i === row.length - 1 ? shown : shown + ' '.repeat(widths[i]! - text.length)
      })
      .join('  ')
  return [ink('dim', line(head.map(cleaned))), ...cells.map(line)].map((text) => `${text}\n`).join('')
}

interface CleanCell {
  readonly text: string
  readonly style?: Style
}

const cleaned = (cell: Cell): CleanCell =>
  typeof cell === 'string' ? { text: printable(cell) } : { text: printable(cell.text), style: cell.style }

/** `3` → `3 ms`; `61_000` → `1m 1s`. */
export function duration(ms: number): string {
  const abs = Math.abs(ms)
  if (abs < 1000) return `${Math.round(ms)} ms`
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
  ]
  const parts: string[] = []
  let rest = abs
  for (const [size, name] of units) {
    const count = Math.floor(rest / size)
    if (count > 0) parts.push(`${count}${name}`)
    rest -= count * size
  }
  return (ms < 0 ? '-' : '') + parts.slice(0, 2).join(' ')
}
