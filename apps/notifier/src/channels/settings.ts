import { compiled, type Fault, faultsOf, pointer } from '@quorate/contracts'
import { FormatRegistry, type TSchema, Type } from '@sinclair/typebox'
import { isIP } from 'node:net'
import { faultOf, hasReference, isReference } from '../configuration/secrets'
import { type Parts, type Sources, templateFaults } from '../templates'
import { type ChannelTools, SettingsError } from './channel'

FormatRegistry.Set('notify-reference', isReference)
FormatRegistry.Set('notify-range', isRange)
FormatRegistry.Set('notify-url', (text) => (hasReference(text) ? faultOf(text) === undefined : isHttpUrl(text)))
FormatRegistry.Set('notify-secret-url', (text) => hasReference(text) && faultOf(text) === undefined)

export const CLOSED = { additionalProperties: false }

/** Kept in the configuration by reference only: the configuration can be read. */
export const SECRET = Type.String({
  format: 'notify-reference',
  description: 'a reference: ${env:NAME} or ${file:/path}; secrets are not kept in the configuration',
})
const URL_SAID = 'an http:// or https:// address without user and password'
export const URL_TEXT = Type.String({ format: 'notify-url', description: `${URL_SAID}; parts of it may be references` })
export const SECRET_URL = Type.String({
  format: 'notify-secret-url',
  description: `${URL_SAID} that is, or holds, a reference (\${env:NAME} or \${file:/path}): who knows it can post`,
})
export const ADDRESSES = Type.Array(
  Type.String({ format: 'notify-range', description: 'an address or a range such as 10.1.0.0/16 or fd00::/8' }),
  { description: 'a list of addresses and ranges that may be reached though they are private' },
)
export const SECONDS = (minimum: number, maximum: number) =>
  Type.Number({ minimum, maximum, description: `${minimum}–${maximum} seconds` })
export const TEMPLATE = Type.String({ description: 'a Liquid template' })
export const STATES = Type.Array(Type.String({ minLength: 1, maxLength: 64, description: 'a state' }), {
  description: 'a list of states',
})

/** Faults of settings by their schema, then by what the schema cannot say. */
export function settingsCheck<T extends TSchema>(
  schema: T,
  more: (settings: Readonly<Record<string, unknown>>) => Iterable<Fault> = () => [],
): (settings: unknown) => Fault[] {
  const check = compiled(schema)
  return (settings) => {
    if (!check.Check(settings)) {
      const faults = faultsOf(check, settings)
      return faults.filter(({ pointer: at }) => !faults.some((other) => other.pointer.startsWith(`${at}/`)))
    }
    return [...more(settings as Readonly<Record<string, unknown>>)]
  }
}

/** Faults of the templates in an endpoint's settings (`template`). */
export const templatesCheck =
  <Name extends string>(parts: Parts<Name>) =>
  (settings: Readonly<Record<string, unknown>>): Fault[] =>
    templateFaults(parts, (settings['template'] ?? {}) as Sources<Name>).map(({ part, detail }) => ({
      pointer: pointer('template', part),
      detail,
    }))

/**
 * A secret as it is given: in the configuration by reference, by the process's own settings as a thing that hides it.
 */
export type GivenSecret = string | { reveal(): string }

/** @throws SettingsError when a reference leads nowhere */
export const revealed = (given: GivenSecret, { reveal }: Pick<ChannelTools, 'reveal'>): string =>
  typeof given === 'string' ? (reveal ? reveal(given) : given) : given.reveal()

/** @throws SettingsError naming the setting, never its value */
export function httpUrl(given: unknown, tools: Pick<ChannelTools, 'reveal'>): URL {
  const text = typeof given === 'string' ? revealed(given, tools) : ''
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new SettingsError('url must be an http:// or https:// URL')
  if (!isHttpUrl(text)) throw new SettingsError('url must not hold a user or password')
  return new URL(text)
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

function isRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32))
}
