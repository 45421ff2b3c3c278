import type { DeadLetter } from '@quorate/client'
import { Command } from 'commander'
import { printable } from '../text'
import { count, withServer } from './command-line'

/** Dead letters: records that could not be applied. */
export function deadLetterCommands(): Command[] {
  const letters = new Command('dead-letters').description('Records that could not be applied.')
  for (const command of [list(), show(), replay(), drop()]) letters.addCommand(command)
  return [letters]
}

const list = () =>
  new Command('list')
    .description('Lists dead letters, oldest first.')
    .option('--all', 'also those that were replayed or dropped')
    .option('--limit <n>', 'maximum number', count)
    .action(
      withServer<[], { all?: boolean; limit?: number }>(async ({ client, screen, options }) => {
        const { all = false, limit = Infinity, json } = options
        const found: DeadLetter[] = []
        for await (const letter of client.deadLetters.list({ all })) {
          if (found.length === limit) break
          found.push(letter)
        }
        if (json) for (const letter of found) await screen.print(letter, () => '')
        else
          await screen.print(found, () =>
            screen.table(['POSITION', 'AT', 'FROM', 'KEY', 'BYTES', 'REASON', 'DONE'], found.map(row)),
          )
      }),
    )

const row = ({ position, at, from, key, bytes, reason, cut, mark }: DeadLetter) => [
  position,
  at,
  from ?? '-',
  key === null ? '-' : printable(key),
  String(bytes),
  printable(`${reason ?? '-'}${cut ? ` (incomplete: ${cut.parts.join(', ')})` : ''}`),
  mark ? `${mark.done} by ${printable(mark.by)}` : '',
]

const show = () =>
  new Command('show')
    .description('Shows a dead letter with its value and headers.')
    .argument('<position>', 'as in the list')
    .action(
      withServer<[string], object>(async ({ client, screen }, position) => {
        const letter = await client.deadLetters.get(position)
        const lines = JSON.stringify(letter, null, 2).split('\n')
        await screen.print(letter, () => `${lines.map(printable).join('\n')}\n`)
      }),
    )

const replay = () =>
  new Command('replay')
    .description('Appends a dead letter again, unchanged. First fix what caused its refusal.')
    .argument('<position>', 'as in the list')
    .action(
      withServer<[string], object>(async ({ client, screen }, position) => {
        const again = await client.deadLetters.replay(position)
        await screen.print({ position: again }, () => `written at ${again}\n`)
      }),
    )

const drop = () =>
  new Command('drop')
    .description('Hides a dead letter from the list.')
    .argument('<position>', 'as in the list')
    .action(
      withServer<[string], object>(async ({ client, screen }, position) => {
        await client.deadLetters.drop(position)
        await screen.print({ dropped: position }, () => `${position} is dropped\n`)
      }),
    )
