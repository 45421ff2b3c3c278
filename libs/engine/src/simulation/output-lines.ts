import { encodeView, type Change, type View } from '@quorate/contracts'
import type { Outlet } from '../replay/engine'

function eventText({ id, type, time, subject, data, cause }: Change): string {
  const head = `{"id":${JSON.stringify(id)},"type":"${type}","time":${time},"subject":${JSON.stringify(subject)}`
  const body = data === null ? 'null' : type === 'observers.lost' ? JSON.stringify(data) : encodeView(data as View)
  return `${head},"data":${body}${cause === undefined ? '' : `,"cause":"${cause}"`}}`
}

/** The output lines of vote.md 11; each has `partition` if a topic is replayed. */
export function outputLines(write: (line: string) => void, partition?: number): Outlet {
  const end = partition === undefined ? '}\n' : `,"partition":${partition}}\n`
  return {
    event: (change) => write(`{"event":${eventText(change)}${end}`),
    look: (view) => write(`{"look":${view === null ? 'null' : encodeView(view)}${end}`),
    rejected: (line, reason) => write(`{"rejected":${JSON.stringify({ line, reason })}${end}`),
  }
}
