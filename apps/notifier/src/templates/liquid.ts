import { Liquid, type Template as Parsed } from 'liquidjs'
import type { TextModel } from './model'

const text = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)

/** What an operator's template may use up. */
export const TEMPLATE_LIMITS = {
  /** Characters of its source. */
  source: 20_000,
  /** ms of rendering, on a machine that is busy with other things, too. */
  renderMs: 200,
  /** Units of liquidjs: about characters that its filters and ranges make. */
  memory: 1_000_000,
  /** Characters of what it makes. */
  output: 100_000,
} as const

/** How values are written: `html` and `chat` escape every output that does not say `raw`; `chat` mutes mentions. */
export type Escaping = 'html' | 'chat' | 'none'

/** As Slack wants it (and Mattermost and Discord show it): no links, mentions or channels from names. */
export const escapeChat = (value: unknown): string =>
  text(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '@\u200B')

/**
 * The language of operators' templates (https://liquidjs.com) with nothing but values and filters: no files, no other
 * templates, no members that a value has from its prototype; unknown filters and variables are faults.
 */
const engine = (escaping: Escaping): Liquid =>
  new Liquid({
    templates: {},
    relativeReference: false,
    dynamicPartials: false,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    parseLimit: TEMPLATE_LIMITS.source,
    renderLimit: TEMPLATE_LIMITS.renderMs,
    memoryLimit: TEMPLATE_LIMITS.memory,
    timezoneOffset: 0,
    ...(escaping === 'none' ? {} : { outputEscape: escaping === 'html' ? ('escape' as const) : escapeChat }),
  })

const ENGINES: Readonly<Record<Escaping, Liquid>> = { html: engine('html'), chat: engine('chat'), none: engine('none') }

/** A template cannot be read or rendered. The message is for its author. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/** A template, ready to render. */
export class Template {
  private constructor(
    private readonly parsed: Parsed[],
    private readonly language: Liquid,
  ) {}

  /** @throws TemplateError */
  static parse(source: string, escaping: Escaping): Template {
    if (source.length > TEMPLATE_LIMITS.source)
      throw new TemplateError(`longer than ${TEMPLATE_LIMITS.source} characters`)
    const language = ENGINES[escaping]
    return attempt(() => new Template(language.parse(source), language))
  }

  /** @throws TemplateError */
  render(model: TextModel): string {
    const text = attempt(() => this.language.renderSync(this.parsed, scope(model)) as string)
    if (text.length > TEMPLATE_LIMITS.output)
      throw new TemplateError(`its text is longer than ${TEMPLATE_LIMITS.output} characters`)
    return text
  }
}

/** The model, and the members of its first change beside it: `{{ object }} is {{ state }}`. */
function scope(model: TextModel): object {
  const [first] = model.changes
  return structuredClone({ ...(first ?? {}), ...model })
}

function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    // liquidjs repeats the source around the fault below its first line.
    const [said = 'cannot be read'] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new TemplateError(said.slice(0, 200))
  }
}
