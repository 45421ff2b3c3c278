import { createInterface } from 'node:readline/promises'

/** Says what will happen; on a terminal it asks whether it is meant. */
export async function confirmed(said: string, isMeant: boolean): Promise<boolean> {
  const { stdin: input, stderr: output } = process
  output.write(`${said}\n`)
  if (isMeant || !input.isTTY || !output.isTTY) return true
  const lines = createInterface({ input, output })
  try {
    return /^y(es)?$/i.test((await lines.question('Go on? [y/N] ')).trim())
  } finally {
    lines.close()
  }
}
