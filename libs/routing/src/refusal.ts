import { StoreError } from '@quorate/state-store'
import { type RunningTask, StreamsError } from '@quorate/streams'
import { type Answer, Problem, type ProblemCode } from '@quorate/http'

/** Of a forwarded request: the generation by which its sender chose. Of a refusal: the generation of who refused. */
export const GENERATION = 'quorate-generation'
/** Refusals that a newer map may mend; nothing was written. */
export const PASSING: readonly ProblemCode[] = ['rebalancing', 'no-owner', 'restoring', 'owner-unreachable']
/** Without a lease these are no final answers; another instance may have one. */
const UNCONFIRMED: readonly ProblemCode[] = [...PASSING, 'not-found', 'position-timeout']

/** undefined where who is no owner knows nothing of it: that is no 404. */
export async function found(task: RunningTask, local: () => Answer | Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await guarded(task, local)
  } catch (error) {
    if (error instanceof Problem && UNCONFIRMED.includes(error.code)) return undefined
    throw error
  }
}

export interface Refusal {
  readonly problem: Problem
  /** Of who refused; −1 where it is not known. */
  readonly generation: number
}

const UNTOLD = { code: 'rebalancing', detail: 'The owner cannot answer for the partition now. Try again.' } as const

/** A peer's 503 that a newer map may mend. */
export function refusalOf({ status, headers, body }: Answer): Refusal | undefined {
  if (status !== 503 || headers[GENERATION] === undefined) return undefined
  // To HEAD it has no body; that a generation is told says that another map may mend it.
  const { code, detail } = body?.length ? (JSON.parse(String(body)) as { code: ProblemCode; detail: string }) : UNTOLD
  if (!PASSING.includes(code)) return undefined
  return { problem: new Problem(code, detail), generation: generationOf(headers[GENERATION]) }
}

export const generationOf = (value: string | string[] | undefined): number => {
  const generation = Number(value ?? NaN)
  return Number.isSafeInteger(generation) ? generation : -1
}

/** A task that closes under a read has moved, which is no fault; one that finds its store damaged builds it anew. */
export async function guarded<T>(task: RunningTask, work: () => T | Promise<T>): Promise<T> {
  const { partition } = task
  try {
    return await work()
  } catch (error) {
    if (StreamsError.is(error, 'STREAMS_TASK_CLOSED', 'STREAMS_NOT_RUNNING') || isClosed(error)) {
      throw new Problem('rebalancing', `Partition ${partition} is changing hands. Try again.`, { cause: error })
    }
    if (task.isDamage(error)) {
      const detail = `The local store of partition ${partition} is damaged and is being rebuilt from the changelog. Try again.`
      throw new Problem('restoring', detail, { cause: error })
    }
    throw error
  }
}

const isClosed = (error: unknown) => error instanceof StoreError && error.code === 'STORE_CLOSED'
