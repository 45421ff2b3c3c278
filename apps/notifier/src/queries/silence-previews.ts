import type { SilencePreview } from '@quorate/contracts'
import type { Call } from '@quorate/http'
import { locate, type Owners } from '@quorate/routing'
import { matchersOf, type SilenceDocument } from '../configuration'
import { silencedIn } from './silence-preview'
import type { Missing } from './missing'

const MAX_LISTED = 1_000

/** What a silence would be over now, in all partitions: those here, and with one hop those of other instances. */
export class SilencePreviews {
  constructor(private readonly owners: Owners) {}

  async of({ match }: SilenceDocument, call: Call): Promise<SilencePreview> {
    const located = locate(this.owners, call.forwarded)
    const { here, elsewhere } = located
    const missing: Missing[] = [...located.missing]
    const parts: { items: SilencePreview['items']; total: number }[] = []
    for (const task of here) parts.push(await silencedIn(task, matchersOf(match), MAX_LISTED))
    await Promise.all(
      [...elsewhere].map(async ([url, partitions]) => {
        const answer = await this.owners.peers.forward(url, call, { reads: true }).catch(() => undefined)
        if (answer?.status !== 200) {
          missing.push(...partitions.map((partition) => ({ partition, reason: 'owner-unreachable' })))
          return
        }
        const preview = JSON.parse(String(answer.body)) as SilencePreview
        parts.push(preview)
        missing.push(...preview.missing.filter(({ partition }) => partitions.includes(partition)))
      }),
    )
    const items = parts.flatMap((part) => part.items).sort((a, b) => (a.object < b.object ? -1 : 1))
    const total = parts.reduce((sum, part) => sum + part.total, 0)
    return { items: items.slice(0, MAX_LISTED), total, complete: missing.length === 0, missing }
  }
}
