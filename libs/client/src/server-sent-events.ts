/** One event of a `text/event-stream` (WHATWG HTML, 9.2). */
export interface ServerSentEvent {
  /** `message` where the stream names none. */
  readonly event: string
  readonly data: string
}

export interface ServerSentEventListener {
  /** The server asks to wait so many ms before connecting again. */
  readonly onRetry?: (ms: number) => void
  /** What `Last-Event-ID` takes from now on; before the event it came with is yielded. A comment may bring one too. */
  readonly onId?: (id: string) => void
}

/**
 * Reads events off a stream of bytes; comments and an event without data are left out, an event cut off at the end is
 * dropped.
 */
export async function* serverSentEvents(
  bytes: AsyncIterable<Uint8Array>,
  { onRetry, onId }: ServerSentEventListener = {},
): AsyncGenerator<ServerSentEvent> {
  let event = ''
  let data: string[] = []
  let id: string | undefined
  for await (const line of lines(bytes)) {
    if (line === '') {
      if (id !== undefined) onId?.(id)
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') }
      id = undefined
      event = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) id = value
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry?.(Number(value))
  }
}

async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    // A lone CR at the end may be half of a CRLF: it waits for the next chunk.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest
    const parts = whole.split(/\r\n|\n|\r/)
    rest = parts.pop()! + rest.slice(whole.length)
    yield* parts
  }
}
