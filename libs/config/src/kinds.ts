import { Secret } from './secret'

/**
 * How a setting's text becomes its value. `allowed` completes the sentence "must be …". `parse` returns undefined for
 * an invalid text.
 */
export interface Kind<T> {
  readonly allowed: string
  /** Shown in --help beside the flag. */
  readonly placeholder: string
  parse(text: string): T | undefined
}

export const text: Kind<string> = {
  allowed: 'a text without control characters',
  placeholder: '<text>',
  parse: (value) => (/\p{Cc}/u.test(value) ? undefined : value),
}

export const path: Kind<string> = { ...text, allowed: 'a path', placeholder: '<path>' }

export const secret: Kind<Secret> = {
  allowed: 'printable characters without spaces',
  placeholder: '<secret>',
  parse: (value) => (/^[\x21-\x7e]+$/.test(value) ? new Secret(value) : undefined),
}

/** A password that another party chose: any text. */
export const password: Kind<Secret> = {
  allowed: 'a text',
  placeholder: '<secret>',
  parse: (value) => (value === '' ? undefined : new Secret(value)),
}

export const integer = (least: number, most: number): Kind<number> => ({
  allowed: `an integer from ${least} to ${most}`,
  placeholder: '<n>',
  parse(value) {
    const n = /^\d{1,15}$/.test(value) ? Number(value) : NaN
    return n >= least && n <= most ? n : undefined
  },
})

export const oneOf = <const T extends readonly string[]>(...values: T): Kind<T[number]> => ({
  allowed: `one of ${values.join(', ')}`,
  placeholder: values.join('|'),
  parse: (value) => values.find((v) => v === value),
})

export const flag: Kind<boolean> = {
  allowed: 'true or false',
  placeholder: 'true|false',
  parse: (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : undefined),
}

export const host: Kind<string> = {
  allowed: 'a host name or an IP address',
  placeholder: '<host>',
  parse: (value) => (/^[A-Za-z0-9._:%-]{1,253}$/.test(value) ? value : undefined),
}

const BROKER = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})$/

export const brokers: Kind<readonly string[]> = {
  allowed: 'host:port, several separated by commas',
  placeholder: '<host:port,…>',
  parse(value) {
    const list = value.split(',').map((broker) => broker.trim())
    const valid = list.every(
      (broker) => Number(BROKER.exec(broker)?.[2] ?? 0) > 0 && Number(BROKER.exec(broker)?.[2]) < 65536,
    )
    return valid ? list : undefined
  },
}

/** An http(s) URL; a trailing slash is dropped, so that paths can be appended. */
export const url = (options: { bare: boolean }): Kind<string> => ({
  allowed: options.bare
    ? 'an http:// or https:// URL without path, query or user'
    : 'an http:// or https:// URL without user',
  placeholder: '<url>',
  parse(value) {
    if (!URL.canParse(value)) return undefined
    const { protocol, pathname, search, hash, username, password, origin } = new URL(value)
    if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '' || hash !== '')
      return undefined
    if (!options.bare) return value
    return pathname === '/' && search === '' ? origin : undefined
  },
})

/** A link for people: an address that may contain a placeholder and a fragment; without a trailing slash. */
export const link: Kind<string> = {
  allowed: 'an http:// or https:// URL without user; {object} in it stands for the object',
  placeholder: '<url>',
  parse(value) {
    if (!URL.canParse(value)) return undefined
    const { protocol, username, password } = new URL(value)
    const good = (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
    return good ? value.replace(/\/+$/, '') : undefined
  },
}

export const timeZone: Kind<string> = {
  allowed: 'a time zone such as UTC or Europe/Paris',
  placeholder: '<zone>',
  parse(value) {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
    } catch {
      return undefined
    }
  },
}

export const variables: Kind<readonly string[]> = {
  allowed: 'names of variables, several separated by commas',
  placeholder: '<name,…>',
  parse(value) {
    const names = value.split(',').map((name) => name.trim())
    return names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) ? names : undefined
  },
}

/** A part of topic and group names: what Kafka allows there, without a dot at either end. */
export const topicPart: Kind<string> = {
  allowed: '1 to 60 of a–z, A–Z, 0–9, dot, underscore and hyphen, no dot at an end',
  placeholder: '<name>',
  parse: (value) => (/^(?!\.)[A-Za-z0-9._-]{1,60}(?<!\.)$/.test(value) ? value : undefined),
}
