import type { TaskContext } from '../context'
import type { WorkOptions } from './work-options'

export type Hook = 'committed' | 'dropped'

/**
 * Calls a hook of the processor and returns what it threw. That changes nothing of what is committed: the task begins
 * again from there.
 */
export function callHook(
  hook: Hook,
  { processor, partition, logger }: Pick<WorkOptions, 'processor' | 'partition' | 'logger'>,
  context: TaskContext,
): Error | undefined {
  try {
    processor[hook]?.(context)
    return undefined
  } catch (error) {
    const text = `the processor threw in ${hook}(); nothing is lost, the task begins again from what is committed`
    logger.error({ partition, err: error }, text)
    return error as Error
  }
}
