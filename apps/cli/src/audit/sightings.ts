import { partitionOf } from '@quorate/log'
import { type Freshness, ProblemError, type QuorateClient, type ReadOptions } from '@quorate/client'
import { wireViewText } from './content'
import { CannotJudge } from './difference'
import type { Sighting } from './partition-audit'
import { shownReports } from './shown-reports'
import { shownHistory } from './told-history'
import { UNREADABLE } from './unreadable'

/** Number of concurrent requests. */
const AT_ONCE = 16

/**
 * All objects of the list, by partition.
 * @throws CannotJudge if a partition cannot answer
 */
export async function listed(client: QuorateClient, partitions: number): Promise<Sighting[][]> {
  const seen: Sighting[][] = Array.from({ length: partitions }, () => [])
  const onMissing = (missing: readonly { readonly partition: number; readonly reason: string }[]): never => {
    const said = missing.map(({ partition, reason }) => `${partition} (${reason})`).join(', ')
    throw new CannotJudge(`The store cannot be read completely: partitions ${said} are missing. Try again.`)
  }
  for await (const view of client.list({ limit: 10_000, onMissing })) {
    const sighting = { object: view.object, position: undefined, view: wireViewText(view) }
    seen[partitionOf(view.object, partitions)]!.push(sighting)
  }
  return seen
}

/**
 * Reads objects one by one with their reports and history, each with the source position of its response, which is at
 * least `end`.
 */
export async function lookedAt(
  client: QuorateClient,
  objects: readonly string[],
  partition: number,
  end: number,
  what: 'all' | 'details' = 'all',
): Promise<Sighting[]> {
  const seen: Sighting[] = []
  const rest = [...objects]
  const minPosition = `${partition}@${end - 1}`
  const ask = async (): Promise<void> => {
    for (let object = rest.pop(); object !== undefined; object = rest.pop())
      seen.push(
        ...(what === 'all' ? [await lookAt(client, object, minPosition)] : []),
        ...(await details(client, object, minPosition)),
      )
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  return seen
}

async function lookAt(client: QuorateClient, object: string, minPosition: string): Promise<Sighting> {
  try {
    const { view, freshness } = await client.get(object, { minPosition })
    return { object, position: placeOf(freshness), view: wireViewText(view) }
  } catch (error) {
    if (ProblemError.is(error, 'object-unreadable')) return { object, position: undefined, view: UNREADABLE }
    if (!ProblemError.is(error, 'not-found')) throw error
    return { object, position: undefined, view: null }
  }
}

const placeOf = ({ position }: Freshness): number => Number(position.split('@')[1]) + 1

/** An object's reports and history, each at the position of its own response. */
async function details(client: QuorateClient, object: string, minPosition: string): Promise<Sighting[]> {
  const asked = async <T>(
    part: 'reports' | 'history',
    ask: (options: ReadOptions) => Promise<T>,
    textOf: (answer: T, freshness: Freshness) => string,
  ): Promise<Sighting[]> => {
    let freshness: Freshness
    try {
      const answer = await ask({ minPosition, onFreshness: (it) => (freshness = it) })
      return [{ object, part, position: placeOf(freshness!), view: textOf(answer, freshness!) }]
    } catch (error) {
      if (ProblemError.is(error, 'object-unreadable')) return [{ object, part, position: undefined, view: UNREADABLE }]
      // Its view shows that.
      if (!ProblemError.is(error, 'not-found')) throw error
      return []
    }
  }
  const reports = await asked(
    'reports',
    (options) => client.explanation(object, options),
    ({ agents }, it) => shownReports(agents, it),
  )
  const history = await asked('history', (options) => client.history(object, options), shownHistory)
  return [...reports, ...history]
}
