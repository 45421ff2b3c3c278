/** Asks until the answer is as wanted: for what follows an event without being announced. */
export async function until<T>(ask: () => T | Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await new Promise(setImmediate)
  }
}
