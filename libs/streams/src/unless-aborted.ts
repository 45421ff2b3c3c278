/**
 * Waits for an answer until the signal is given: whoever closes must not wait for brokers that are away. Rejects with
 * the signal's reason then; an answer that still comes is told to `late`, so that it can be given back, and an error
 * that still comes to nobody.
 */
export function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal, late?: (answer: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(signal.reason as Error)
    if (signal.aborted) abandon()
    else signal.addEventListener('abort', abandon, { once: true })
    const settle = (how: () => void): void => {
      signal.removeEventListener('abort', abandon)
      how()
    }
    answer.then(
      (value) => settle(() => (signal.aborted ? late?.(value) : resolve(value))),
      (error: Error) => settle(() => reject(error)),
    )
  })
}
