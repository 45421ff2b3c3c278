import { type ValidationError, ValidationPipe } from '@nestjs/common'
import { invalid, type ProblemError } from './problem'

/** Bodies as their DTO says: unknown fields refused, no silent conversions, every fault with its JSON pointer (422). */
export function validation(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => invalid(errors.flatMap((error) => faultsOf(error, ''))),
  })
}

function faultsOf(error: ValidationError, at: string): ProblemError[] {
  const pointer =
    error.property === undefined ? at : `${at}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const own = Object.entries(error.constraints ?? {}).map(([rule, said]) => ({
    pointer,
    detail: detailOf(rule, said, error.property),
  }))
  // One fault a place: the first says enough.
  return [...own.slice(0, 1), ...(error.children ?? []).flatMap((child) => faultsOf(child, pointer))]
}

function detailOf(rule: string, said: string, property: string): string {
  if (rule === 'whitelistValidation') return 'unknown field'
  return said.startsWith(`${property} `) ? said.slice(property.length + 1) : said
}
