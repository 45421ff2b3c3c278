import type { Dispatcher } from 'undici'
import { Answer } from '@quorate/http'

/** Said by each hop for itself. */
const NOT_BACK = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'x-request-id', 'content-length'])

/** A peer's answer, read to its end: the bytes as they came. */
export async function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return new Answer(statusCode, headersBack(headers), Buffer.concat(chunks))
}

function headersBack(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const back: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_BACK.has(name)) back[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return back
}
