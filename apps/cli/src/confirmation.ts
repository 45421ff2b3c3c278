import { createInterface } from 'node:readline/promises'

/** Prints what will happen; on a terminal, asks for confirmation. */
export async function confirmed(said: string, isMeant: boolean): Promise<boolean> {
  const { stdin: input, stderr: output } = process
  output.write(`${said}\n`)
  if (isMeant || !input.isTTY || !output.isTTY) return true
  const lines = createInterface({ input, output })
  try {
    return /^y(es)?$/i.test((await lines.question('Continue? [y/N] ')).trim())
  } finally {
    lines.close()
  }
}
