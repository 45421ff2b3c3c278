/** Numbers in order, as an operator writes them: `0-3, 7`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [first: number, last: number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const part = parts.at(-1)
    if (part && number === part[1] + 1) part[1] = number
    else parts.push([number, number])
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}
