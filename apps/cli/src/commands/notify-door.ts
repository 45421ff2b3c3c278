import type { Command } from 'commander'
import type { NotifierClient } from '@quorate/client'
import { askNotifier } from '../connection'
import { Screen } from '../screen'
import type { CommonOptions } from './command-line'

export interface NotifyDoor<O> {
  readonly notifier: NotifierClient
  readonly screen: Screen
  readonly options: O & CommonOptions
}

/** Like `withServer`, for requests to a notifier. */
export function withNotifier<T extends readonly unknown[], O extends object>(
  run: (door: NotifyDoor<O>, ...args: T) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const options = (given.at(-1) as Command).optsWithGlobals<O & CommonOptions>()
    const screen = new Screen(options.json === true)
    await askNotifier(options, (notifier) =>
      run({ notifier, screen, options }, ...(given.slice(0, -2) as unknown as T)),
    )
  }
}
