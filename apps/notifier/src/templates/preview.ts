import type { Message } from '../outbox/message'
import { type TextModel, textModel, type TextOptions } from './model'
import { type Parts, Rendering, type Sources, templateFaults, Texts } from './texts'

/** One part as it would be sent. */
export interface PreviewedPart {
  readonly text: string
  /** The built-in text: there is no template, or it failed. */
  readonly builtIn: boolean
  /** Why the template failed. */
  readonly error?: string
}

/** What an endpoint may write of a message: its parts, and the built-in text of each. */
export interface TextSet<Name extends string> {
  readonly parts: Parts<Name>
  readonly builtIn: Readonly<Record<Name, (model: TextModel) => string>>
}

/** Each part of a message as it would be sent with these templates; a template that cannot be used says why. */
export function preview<Name extends string>(
  { parts, builtIn }: TextSet<Name>,
  sources: Sources<Name>,
  message: Message,
  options: TextOptions = {},
): Record<Name, PreviewedPart> {
  const model = textModel(message, options)
  const names = Object.keys(parts) as Name[]
  return Object.fromEntries(names.map((part) => [part, one(part, { parts, builtIn }, sources, model)])) as Record<
    Name,
    PreviewedPart
  >
}

function one<Name extends string>(
  part: Name,
  { parts, builtIn }: TextSet<Name>,
  sources: Sources<Name>,
  model: TextModel,
): PreviewedPart {
  const source = sources[part]
  if (source === undefined) return { text: builtIn[part](model), builtIn: true }
  const only = { [part]: parts[part] } as Parts<Name>
  const [fault] = templateFaults(only, { [part]: source } as Sources<Name>)
  if (fault) return { text: builtIn[part](model), builtIn: true, error: fault.detail }
  const rendering: Rendering<Name> = new Texts(only, { [part]: source } as Sources<Name>).of(model)
  const text = rendering.text(part, builtIn[part])
  const { note } = rendering.note
  return note === undefined ? { text, builtIn: false } : { text, builtIn: true, error: note }
}
