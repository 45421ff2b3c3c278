import { readFileSync } from 'node:fs'
import { LIMITS, TOO_DEEP, tooDeepAt } from '@quorate/contracts/json'
import { parse as parseYaml } from 'yaml'
import { ConfigError } from './config-error'
import { nearest } from './nearest'
import type { Config, Sections } from './config'
import { check } from './rules'
import { isServiceLink } from './service-links'
import { secret } from './kinds'
import {
  type AppName,
  flagOf,
  IGNORED_ENV,
  OWNED_PREFIXES,
  SECRET_PREFIX,
  type Setting,
  SETTINGS,
  type SettingName,
  type Values,
} from './settings'

export interface Sources {
  /** Arguments after the command, as in `process.argv.slice(2)`. */
  readonly argv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Reads a file as UTF-8; throws if it does not exist. */
  readonly readFile?: (path: string) => string
}

interface Found {
  readonly text: string
  /** Named in faults: `QUORATE_PORT`, `--port`, `port in quorate.yaml`. */
  readonly place: string
}
type Layer = Map<SettingName, Found>

const ROWS = Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]

/**
 * Reads flags, then variables, then the YAML file, then the defaults. Refuses what is unknown or invalid.
 * @throws ConfigError with all faults
 */
export function loadConfig(app: AppName, sources: Sources = {}): Config {
  const { argv = [], env = process.env, readFile = (path) => readFileSync(path, 'utf8') } = sources
  const faults: string[] = []
  const notes: string[] = []
  const flags = readFlags(app, argv, faults, readFile)
  const variables = readEnv(env, faults, readFile, notes)
  const { layer: file, sections } = readYaml(flags.get('config') ?? variables.get('config'), faults, readFile)
  const values: Record<string, unknown> = {}
  const set = new Map<SettingName, string>()
  for (const [name, it] of ROWS) {
    const found = flags.get(name) ?? variables.get(name) ?? file.get(name)
    if (found) set.set(name, found.place)
    values[name] = found ? parsed(it, found, faults) : fallbackOf(it, app)
  }
  const config = { ...check(app, values as unknown as Values, set, faults, notes), sections, notes }
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

function parsed(it: Setting<unknown>, { text, place }: Found, faults: string[]): unknown {
  const value = it.kind.parse(text)
  if (value === undefined)
    faults.push(`${place} ${it.secret ? '(not shown)' : `is ${JSON.stringify(text)}; it`} must be ${it.kind.allowed}.`)
  return value
}

const fallbackOf = (it: Setting<unknown>, app: AppName): unknown =>
  typeof it.fallback === 'function' ? (it.fallback as (app: AppName) => unknown)(app) : it.fallback

function readFlags(app: AppName, argv: readonly string[], faults: string[], readFile: (path: string) => string): Layer {
  const layer: Layer = new Map()
  const known = new Map(ROWS.filter(([, it]) => it.apps.includes(app)).map(([name, it]) => [flagOf(it), name]))
  for (let i = 0; i < argv.length; i++) {
    const [flag = '', ...rest] = argv[i]!.split('=')
    const name = known.get(flag)
    if (!name) {
      const hint = nearest(flag, [...known.keys(), '--help'])
      faults.push(`${flag} is no flag of ${app}.${hint ? ` Did you mean ${hint}?` : ''} --help lists them.`)
      continue
    }
    const boolean = SETTINGS[name].kind.placeholder === 'true|false'
    const following = argv[i + 1]
    let text: string | undefined
    if (rest.length > 0) text = rest.join('=')
    else if (boolean && (following === undefined || following.startsWith('--'))) text = 'true'
    else text = argv[++i]
    if (text === undefined) faults.push(`${flag} needs a value: ${SETTINGS[name].kind.allowed}.`)
    else if (isSecret(name)) fromFile(layer, name, text, flag, faults, readFile)
    else layer.set(name, { text, place: flag })
  }
  return layer
}

function readEnv(
  env: Sources['env'] & object,
  faults: string[],
  readFile: (path: string) => string,
  notes: string[],
): Layer {
  const layer: Layer = new Map()
  const links: string[] = []
  const known = new Map<string, SettingName>(ROWS.map(([name, it]) => [it.env, name]))
  const files = new Map<string, SettingName>(
    ROWS.filter(([, it]) => it.secret).map(([name, it]) => [`${it.env}_FILE`, name]),
  )
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || IGNORED_ENV.includes(variable)) continue
    if (isOwned(variable) && isServiceLink(variable, text)) {
      links.push(variable)
      continue
    }
    const name = known.get(variable)
    const ofFile = files.get(variable)
    if (name && text !== '') layer.set(name, { text, place: variable })
    else if (name && isSecret(name)) faults.push(`${variable} is empty; unset it, or give ${secret.allowed}.`)
    else if (ofFile && env[SETTINGS[ofFile].env])
      faults.push(`${variable} and ${SETTINGS[ofFile].env} are both set; keep one.`)
    else if (ofFile && text !== '') fromFile(layer, ofFile, text, variable, faults, readFile)
    else if (!name && !ofFile && isOwned(variable)) {
      const hint = nearest(variable, [...known.keys(), ...files.keys()])
      faults.push(
        `${variable} is no setting.${hint ? ` Did you mean ${hint}?` : ''} Allowed: ${[...known.keys()].join(', ')}.`,
      )
    }
  }
  if (links.length > 0)
    notes.push(
      `ignored ${links.join(', ')}: Kubernetes sets these for a service of that name (enableServiceLinks: ` +
        'false keeps them out)',
    )
  return layer
}

function readYaml(
  named: Found | undefined,
  faults: string[],
  readFile: (path: string) => string,
): { layer: Layer; sections: Sections } {
  const layer: Layer = new Map()
  const path = named?.text ?? 'quorate.yaml'
  let content: string
  try {
    content = readFile(path)
  } catch (error) {
    if (named || !isMissing(error))
      faults.push(`${named?.place ?? 'quorate.yaml'}: ${path} cannot be read (${codeOf(error)}).`)
    return { layer, sections: { file: path } }
  }
  const known = new Map<string, SettingName>(
    ROWS.filter(([name]) => name !== 'config').map(([name, it]) => [it.yaml, name]),
  )
  const files = new Map<string, SettingName>(
    ROWS.filter(([, it]) => it.secret).map(([name, it]) => [`${it.yaml}File`, name]),
  )
  const { settings, ...sections } = partsOf(content, path, faults)
  for (const [key, text] of flatten(settings, path, faults)) {
    const place = `${key} in ${path}`
    const name = known.get(key)
    const ofFile = files.get(key)
    if (name) layer.set(name, { text, place })
    else if (ofFile) fromFile(layer, ofFile, text, place, faults, readFile)
    else {
      const hint = nearest(key, [...known.keys(), ...files.keys()])
      faults.push(
        `${place} is no setting.${hint ? ` Did you mean ${hint}?` : ''} Allowed: ${[...known.keys()].join(', ')}.`,
      )
    }
  }
  return { layer, sections: { file: path, isRead: true, ...sections } }
}

/** Levels of the file above an entry, which may be nested as deeply as in REST. */
const ABOVE_ENTRIES = 2

/** The file's settings, and the sections that are validated elsewhere. */
function partsOf(content: string, path: string, faults: string[]): Omit<Sections, 'file'> & { settings: unknown } {
  let tree: unknown
  try {
    tree = parseYaml(content)
  } catch (error) {
    faults.push(`${path} is not valid YAML: ${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'}.`)
    return { settings: undefined }
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return { settings: tree }
  const deep = tooDeepAt(tree, LIMITS.jsonDepth + ABOVE_ENTRIES)
  if (deep !== undefined) {
    faults.push(`${deep} in ${path} ${TOO_DEEP}.`)
    return { settings: undefined }
  }
  const { policies, agents, notify, ...settings } = tree as Record<string, unknown>
  return {
    settings,
    ...(policies === undefined ? {} : { policies }),
    ...(agents === undefined ? {} : { agents }),
    ...(notify === undefined ? {} : { notify }),
  }
}

function flatten(tree: unknown, path: string, faults: string[]): [string, string][] {
  const out: [string, string][] = []
  const walk = (node: unknown, at: string): void => {
    if (node === null || node === undefined) return
    if (Array.isArray(node)) out.push([at, node.map(String).join(',')])
    else if (typeof node === 'object') {
      for (const [key, child] of Object.entries(node)) walk(child, at === '' ? key : `${at}.${key}`)
    } else if (at === '') faults.push(`${path} must hold settings as "name: value".`)
    else out.push([at, `${node as string | number | boolean}`])
  }
  walk(tree, '')
  return out
}

function fromFile(
  layer: Layer,
  name: SettingName,
  path: string,
  place: string,
  faults: string[],
  readFile: (path: string) => string,
): void {
  try {
    layer.set(name, { text: readFile(path).trim(), place })
  } catch (error) {
    faults.push(`${place}: ${path} cannot be read (${codeOf(error)}).`)
  }
}

const isOwned = (variable: string) =>
  OWNED_PREFIXES.some((prefix) => variable.startsWith(prefix)) && !variable.startsWith(SECRET_PREFIX)
const isSecret = (name: SettingName) => (SETTINGS[name] as Setting<unknown>).secret === true
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unreadable'
const isMissing = (error: unknown) => codeOf(error) === 'ENOENT'
