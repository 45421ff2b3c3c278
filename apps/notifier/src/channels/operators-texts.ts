import { type Parts, type Sources, TemplateError, Texts } from '../templates'
import { SettingsError } from './channel'

/** @throws SettingsError naming the template that cannot be read */
export function textsOf<Name extends string>(parts: Parts<Name>, sources: Sources<Name> | undefined): Texts<Name> {
  try {
    return new Texts(parts, sources)
  } catch (error) {
    if (error instanceof TemplateError) throw new SettingsError(`template ${error.message}`)
    throw error
  }
}
