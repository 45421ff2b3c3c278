import { type Fault, isRecord, pointer } from '@quorate/contracts'
import type { Channel } from '../channels'
import { preview, SAMPLES } from '../templates'

/** Any time will do. */
const NOW = 1_700_000_000_000

/**
 * Faults of templates that fail on every sample, such as a variable that is misspelt: their endpoint would send the
 * built-in text. One that fails on some may be meant for the others.
 */
export function templateFaultsIn(
  receivers: ReadonlyMap<string, unknown>,
  channels: ReadonlyMap<string, Channel>,
): Fault[] {
  const faults: Fault[] = []
  for (const [name, receiver] of receivers) {
    const endpoints: unknown = isRecord(receiver) ? receiver['endpoints'] : undefined
    if (!Array.isArray(endpoints)) continue
    for (const [i, endpoint] of (endpoints as unknown[]).entries()) {
      const { channel, settings } = isRecord(endpoint) ? endpoint : {}
      const texts = typeof channel === 'string' ? channels.get(channel)?.texts : undefined
      const template = isRecord(settings) ? settings['template'] : undefined
      if (!texts || !isRecord(template)) continue
      for (const [part, source] of Object.entries(template)) {
        const detail =
          Object.hasOwn(texts.parts, part) && typeof source === 'string' ? failure(texts, part, source) : undefined
        if (detail !== undefined)
          faults.push({ pointer: pointer('receivers', name, 'endpoints', i, 'settings', 'template', part), detail })
      }
    }
  }
  return faults
}

/** Why a template fails on every sample; undefined: it does not. */
function failure(texts: NonNullable<Channel['texts']>, part: string, source: string): string | undefined {
  let first: string | undefined
  for (const sample of Object.values(SAMPLES)) {
    const { error } = preview(texts, { [part]: source }, sample(NOW))[part]!
    if (error === undefined) return undefined
    first ??= error
  }
  return `fails on every sample: ${first}`
}
