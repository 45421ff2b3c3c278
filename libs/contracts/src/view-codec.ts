import type { State } from './ids'
import { compiled } from './schema'
import { compareUtf8 } from './utf8'
import { rfc3339 } from './wire'
import { type Override, type Trigger, type View, VIEW_SCHEMA } from './view'

const CHECK = compiled(VIEW_SCHEMA)

const PLAIN = /^[ !#-[\]-~]*$/
/** JSON of a string; most need no escape. */
const quote = (value: string): string => (PLAIN.test(value) ? `"${value}"` : JSON.stringify(value))
const quoteOrNull = (value: string | null): string => (value === null ? 'null' : quote(value))

/** Written by hand: a JavaScript object would put names of digits (a state `10`) before all others. */
function encodeTally(tally: View['tally']): string {
  const states: State[] = []
  for (const state in tally) if (tally[state] !== 0) states.push(state)
  if (states.length > 1) states.sort(compareUtf8)
  let out = ''
  for (const state of states) out += `${out === '' ? '' : ','}"${state}":${tally[state]!}`
  return `{${out}}`
}

function encodeTrigger({ type, agent, seq, offset }: Trigger): string {
  const by = agent === undefined ? '' : `"agent":${quote(agent)},`
  const count = seq === undefined ? '' : `"seq":${seq},`
  return `{"type":${quote(type)},${by}${count}"offset":${offset}}`
}

const encodeRest = ({ tallyRest: rest }: View): string =>
  rest === undefined ? '' : `,"tallyRest":{"states":${rest.states},"weight":${rest.weight}}`

type Write = (time: number) => string

function encodeOverride({ state, reason, author, expiresAt, mode }: Override, time: Write): string {
  const said = `"reason":${quoteOrNull(reason)},"author":${quoteOrNull(author)}`
  return `{"state":${quote(state)},${said},"expiresAt":${expiresAt === null ? 'null' : time(expiresAt)},"mode":"${mode}"}`
}

/**
 * The canonical bytes of a view as text: members in the order of the page, no spaces, the tally by UTF-8 bytes (vote.md
 * 8).
 */
export const encodeView = (view: View): string => encode(view, String)

/** The same for REST, SSE and webhooks: points in time in RFC 3339. */
export const encodeWireView = (view: View): string => encode(view, (time) => `"${rfc3339(time)}"`)

function encode(view: View, time: Write): string {
  const { trigger, override } = view
  return (
    `{"object":${quote(view.object)},"incarnation":${view.incarnation},"version":${view.version},"revision":${view.revision}` +
    `,"state":${quote(view.state)},"from":${quoteOrNull(view.from)},"voted":${quote(view.voted)}` +
    `,"since":${time(view.since)},"decidedAt":${time(view.decidedAt)},"cause":${quoteOrNull(view.cause)}` +
    `,"trigger":${trigger === null ? 'null' : encodeTrigger(trigger)}` +
    `,"contested":${view.contested},"stale":${view.stale},"flapping":${view.flapping},"divergent":${view.divergent}` +
    `,"override":${override === null ? 'null' : encodeOverride(override, time)},"tally":${encodeTally(view.tally)}${encodeRest(view)}` +
    `,"participants":${view.participants},"electorate":${view.electorate},"quorum":${view.quorum}` +
    `,"rule":${quoteOrNull(view.rule)},"policy":${quote(view.policy)},"incident":${quoteOrNull(view.incident)}}`
  )
}

export const isView = (value: unknown): value is View => CHECK.Check(value)

/** A view from its bytes; undefined where they are none. */
export function decodeView(bytes: Buffer | string): View | undefined {
  try {
    const value: unknown = JSON.parse(typeof bytes === 'string' ? bytes : bytes.toString('utf8'))
    return isView(value) ? value : undefined
  } catch {
    return undefined
  }
}
