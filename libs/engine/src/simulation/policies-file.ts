import { readFile } from 'node:fs/promises'
import { faultText } from '@quorate/contracts'
import type { Settings } from '@quorate/vote'

/** Puts the policies of a file (a JSON array) in force. Returns the reason if the file or a policy is invalid. */
export async function readPolicies(file: string, settings: Settings): Promise<string | undefined> {
  let policies: unknown
  try {
    policies = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    return `${file}: ${error instanceof Error ? error.message : String(error)}`
  }
  if (!Array.isArray(policies)) return `${file}: must be a JSON array of policies`
  for (const [i, policy] of policies.entries()) {
    const judged = settings.judge(policy)
    if (judged.faults !== undefined)
      return `${file}: ${judged.faults.map((fault) => `/${i}${faultText(fault)}`).join('; ')}`
    settings.setPolicy(judged.policy)
  }
  return undefined
}
