import { type Escaping, Template, TemplateError } from './liquid'
import type { TextModel } from './model'

/** A text that an operator may write: its name in the settings and how its values are escaped. */
export type Parts<Name extends string> = Readonly<Record<Name, Escaping>>

/** Sources by part, as they are in an endpoint's settings. */
export type Sources<Name extends string> = Readonly<Partial<Record<Name, string>>>

export interface TemplateFault {
  readonly part: string
  readonly detail: string
}

/** What is wrong with an operator's templates; empty: they can be used. */
export function templateFaults<Name extends string>(parts: Parts<Name>, sources: Sources<Name>): TemplateFault[] {
  return (Object.keys(parts) as Name[]).flatMap((part) => {
    const source = sources[part]
    if (source === undefined) return []
    try {
      Template.parse(source, parts[part])
      return []
    } catch (error) {
      return [{ part, detail: (error as Error).message }]
    }
  })
}

/** The texts of one endpoint: an operator's where there is one and it works, else the built-in ones. */
export class Texts<Name extends string> {
  private readonly templates = new Map<Name, Template>()

  /** @throws TemplateError naming the part */
  constructor(parts: Parts<Name>, sources?: Sources<Name>) {
    for (const part of Object.keys(parts) as Name[]) {
      const source = sources?.[part]
      if (source !== undefined) this.templates.set(part, parse(part, source, parts[part]))
    }
  }

  /** Texts of one message. */
  of(model: TextModel): Rendering<Name> {
    return new Rendering(this.templates, model)
  }
}

function parse(part: string, source: string, escaping: Escaping): Template {
  try {
    return Template.parse(source, escaping)
  } catch (error) {
    throw new TemplateError(`${part}: ${(error as Error).message}`)
  }
}

/** Renders the parts of one message, and keeps what failed: the message is sent all the same. */
export class Rendering<Name extends string> {
  private readonly failed = new Map<Name, string>()

  constructor(
    private readonly templates: ReadonlyMap<Name, Template>,
    private readonly model: TextModel,
  ) {}

  /** The operator's text; the built-in one where there is none, or it fails. */
  text(part: Name, builtIn: (model: TextModel) => string): string {
    const template = this.templates.get(part)
    if (!template) return builtIn(this.model)
    try {
      return template.render(this.model)
    } catch (error) {
      this.failed.set(part, `${part}: ${(error as Error).message}`)
      return builtIn(this.model)
    }
  }

  /** Is the text that `text` answered an operator's? */
  wrote(part: Name): boolean {
    return this.templates.has(part) && !this.failed.has(part)
  }

  /** For the delivery: which templates failed, so that the built-in text was sent. */
  get note(): { readonly note?: string } {
    if (this.failed.size === 0) return {}
    const why = [...this.failed.values()].join('; ').slice(0, 500)
    return { note: `template-failed: ${why}; the built-in text was sent` }
  }
}
