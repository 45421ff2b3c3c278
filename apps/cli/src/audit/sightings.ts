import { partitionOf } from '@quorate/log'
import { ProblemError, type QuorateClient } from '@quorate/client'
import { wireViewText } from './content'
import { CannotJudge } from './difference'
import type { Sighting } from './partition-audit'

/** Objects asked for at the same time. */
const AT_ONCE = 16

/** All objects as the list shows them, by partition. @throws CannotJudge where a partition cannot answer */
export async function listed(client: QuorateClient, partitions: number): Promise<Sighting[][]> {
  const seen: Sighting[][] = Array.from({ length: partitions }, () => [])
  const onMissing = (missing: readonly { readonly partition: number; readonly reason: string }[]): never => {
    const said = missing.map(({ partition, reason }) => `${partition} (${reason})`).join(', ')
    throw new CannotJudge(`The store cannot be read whole: missing are the partitions ${said}. Try again.`)
  }
  for await (const view of client.list({ limit: 10_000, onMissing })) {
    const sighting = { object: view.object, position: undefined, view: wireViewText(view) }
    seen[partitionOf(view.object, partitions)]!.push(sighting)
  }
  return seen
}

/** The same objects one by one, each with the place of the source that its answer knows of, at least up to `end`. */
export async function lookedAt(
  client: QuorateClient,
  objects: readonly string[],
  partition: number,
  end: number,
): Promise<Sighting[]> {
  const seen: Sighting[] = []
  const rest = [...objects]
  const ask = async (): Promise<void> => {
    for (let object = rest.pop(); object !== undefined; object = rest.pop())
      seen.push(await lookAt(client, object, `${partition}@${end - 1}`))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  return seen
}

async function lookAt(client: QuorateClient, object: string, minPosition: string): Promise<Sighting> {
  try {
    const { view, freshness } = await client.get(object, { minPosition })
    const position = Number(freshness.position.split('@')[1]) + 1
    return { object, position, view: wireViewText(view) }
  } catch (error) {
    if (!ProblemError.is(error, 'not-found')) throw error
    return { object, position: undefined, view: null }
  }
}
