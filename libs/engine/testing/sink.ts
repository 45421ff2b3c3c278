import { decodeChange, type Change } from '@quorate/contracts'
import type { EventLine } from './scenario'
import type { Sent } from './test-task'

const bytes = (value: Buffer | string | null): Buffer | null => (value === null ? null : Buffer.from(value))

/** The sink's records in the format of `simulate`. */
export const sinkEvents = (sent: readonly Sent[]): EventLine[] =>
  sent.map(({ key, value, headers = [] }) => {
    const decoded = decodeChange({
      key: bytes(key),
      value: bytes(value),
      headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
    })
    if (decoded.change === undefined) throw new Error(decoded.reject)
    return eventLine(decoded.change)
  })

export const eventLine = ({ id, type, time, subject, data, cause }: Change): EventLine => ({
  id,
  type,
  time,
  subject,
  data: data as EventLine['data'],
  ...(cause === undefined ? {} : { cause }),
})

/** The reasons of dead letters. */
export const reasons = (sent: readonly Sent[]): string[] =>
  sent.map(({ headers = [] }) => String(headers.find(([name]) => name === 'quorate-reason')![1]))

export type { EventLine }
