import { type AppName, flagOf, type Setting, SETTINGS } from './settings'

/** A setting's default as text. */
export function fallbackSaid(it: Setting<unknown>): string {
  if (it.fallbackSaid !== undefined) return it.fallbackSaid
  return ['string', 'number', 'boolean'].includes(typeof it.fallback) ? `${it.fallback as string}` : ''
}

/** What `--help` prints: every setting of the application. */
export function help(app: AppName, usage: string): string {
  const rows = Object.values(SETTINGS as Record<string, Setting<unknown>>).filter((it) => it.apps.includes(app))
  const lines = rows.flatMap((it) => {
    const env = it.secret ? `${it.env}, ${it.env}_FILE` : it.env
    const value = it.secret ? '<path>' : it.kind.placeholder
    const fallback = fallbackSaid(it)
    return [
      `  ${flagOf(it)} ${value}`,
      `      ${env}; quorate.yaml: ${it.yaml}`,
      `      ${it.meaning}${fallback ? ` Default: ${fallback}.` : ''}`,
    ]
  })
  return [
    usage,
    '',
    'Settings (a flag beats its variable, a variable beats quorate.yaml):',
    '',
    ...lines,
    '',
    '  --help',
    '      Prints this.',
    '',
  ].join('\n')
}
