import { type Fault, isRecord, pointer } from '@quorate/contracts'
import type { SecretReader } from './secret-reader'
import { type Reference, referencesIn } from './secrets'

/** Faults of the references in receivers, as they are written: those that lead where they may not. */
export async function secretFaults(receivers: ReadonlyMap<string, unknown>, secrets: SecretReader): Promise<Fault[]> {
  const judged = [...referencesOf(receivers)].map(async ({ pointer: at, reference }): Promise<Fault[]> => {
    const detail = await secrets.refusal(reference)
    return detail === undefined ? [] : [{ pointer: at, detail }]
  })
  return (await Promise.all(judged)).flat()
}

/** The references in all receivers, whatever their shape. */
export function* referencesOf(
  receivers: ReadonlyMap<string, unknown>,
): Iterable<{ pointer: string; reference: Reference }> {
  for (const [name, receiver] of receivers) {
    const endpoints: unknown = isRecord(receiver) ? receiver['endpoints'] : undefined
    if (!Array.isArray(endpoints)) continue
    for (const [i, endpoint] of (endpoints as unknown[]).entries()) {
      const settings: unknown = isRecord(endpoint) ? endpoint['settings'] : undefined
      const at = pointer('receivers', name, 'endpoints', i, 'settings')
      for (const found of referencesIn(settings)) yield { ...found, pointer: `${at}${found.pointer}` }
    }
  }
}
