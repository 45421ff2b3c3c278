import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export interface ComposeService {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly read_only?: boolean
  readonly user?: string
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** docker-compose.yml with its merge keys resolved. */
export function composeFile(): ComposeFile {
  return parse(readFileSync(join(__dirname, '..', '..', 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile
}

/** What the image makes of the brokers' variables: `KAFKA_A_B` is the property `a.b`. Only those of logins. */
export function logInProperties(environment: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(environment).map(
    ([name, value]) => [name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'), value] as const,
  )
  return Object.fromEntries(
    named.filter(([name]) => name.includes('sasl') || name === 'listener.security.protocol.map'),
  )
}

/**
 * Substitutes `${NAME:?message}`, like Compose.
 * @throws Error with the message if there is no value
 */
export function interpolated(
  environment: Readonly<Record<string, string | number>>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const fill = (text: string) =>
    text.replace(/\$\{(\w+):\?([^}]*)\}/g, (_, name: string, message: string) => {
      const value = values[name]
      if (!value) throw new Error(`${name}: ${message}`)
      return value
    })
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(String(value))]))
}
