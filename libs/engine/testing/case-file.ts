import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyInput } from '@quorate/contracts'
import type { EventLine, OutputLine, ScenarioLine } from './scenario'

/**
 * A case of the vote as written in `vote/cases/*.json`. Times in seconds. Steps:
 *
 *   "0 a,b=up"                  reports at 0 s on the object o; with more members:
 *                               "0 a=up seq=5 session=s ttl=30000 observedAt=1000"
 *   "0 a1..40=up"               reports of the agents a1 to a40, one after the other; # in the state is the
 *                               agent's number: "0 a1..70=s#"
 *   "5 leave a", "5 remove a"   leave, report-removed; of several: "5 leave a1..40"
 *   "5 override down"           override-set; until=100 (s), mode=until-agree, reason=…, author=…, ifMatch=…
 *   "5 clear", "5 delete"       override-cleared, object-deleted; ifMatch=…
 *   "5 agent a", "5 agent-removed a"    agent-set with weight=…, muted=true
 *   "5 policy-deleted p", "5 tick"
 *   { "at": 5, "policy": {…} }  policy-set; name p and match ** unless given
 *   { "look": 61, "is": {…} }   the view must have these members (null: no object)
 *
 * `on x` after any of them names another object. `changes` lists the changes of the effective state ("10 v2 up>down",
 * followed by the cause unless that is vote), `events` all records ("60 updated", "120 v2 up>unknown quorum-lost",
 * "3600 deleted forgotten"), `rejected` the reasons of dead letters.
 */
export interface Case {
  readonly id: string
  readonly says: string
  readonly policy?: Partial<PolicyInput>
  readonly policies?: readonly PolicyInput[]
  readonly steps: readonly (string | PolicyStep | LookStep)[]
  readonly changes?: readonly string[]
  readonly events?: readonly string[]
  readonly rejected?: readonly string[]
}
interface PolicyStep {
  readonly at: number
  readonly policy: Partial<PolicyInput>
}
interface LookStep {
  readonly look: number
  readonly on?: string
  readonly is: Readonly<Record<string, unknown>> | null
}

export const readCases = (file: string): Case[] =>
  JSON.parse(readFileSync(join(__dirname, '../../vote/cases', file), 'utf8')) as Case[]

const ms = (seconds: string | number): number => Math.round(Number(seconds) * 1000)
const named = (policy: Partial<PolicyInput>): PolicyInput => ({ name: 'p', match: '**', ...policy })

export function policiesOf({ policy, policies }: Case): readonly PolicyInput[] | undefined {
  return policy === undefined ? policies : [named(policy)]
}

/** The scenario of a case, with the expectation of each look. */
export function linesOf({ steps }: Case): { lines: ScenarioLine[]; looks: LookStep[] } {
  const looks = steps.filter((step): step is LookStep => typeof step === 'object' && 'look' in step)
  return { lines: steps.flatMap(linesOfStep), looks }
}

function linesOfStep(step: Case['steps'][number]): ScenarioLine[] {
  if (typeof step === 'string') return parseStep(step)
  if ('look' in step) return [{ at: ms(step.look), type: 'look', object: step.on ?? 'o' }]
  return [{ at: ms(step.at), type: 'policy-set', data: named(step.policy) }]
}

const NUMBERS = new Set(['seq', 'ttl', 'observedAt', 'weight'])

function valueOf(name: string, text: string): unknown {
  if (NUMBERS.has(name)) return Number(text)
  if (name === 'muted') return text === 'true'
  return name === 'until' ? ms(text) : text
}

/** Names and their numbers: `a1..3` are a1, a2 and a3. */
function agentsIn(text: string): { agent: string; number: string }[] {
  return text.split(',').flatMap((one) => {
    const range = /^(.*?)(\d+)\.\.(\d+)$/.exec(one)
    if (range === null) return [{ agent: one, number: '' }]
    const [, name, first, last] = range
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => {
      const number = String(Number(first) + i)
      return { agent: `${name}${number}`, number }
    })
  })
}

function parseStep(step: string): ScenarioLine[] {
  const [time, verb, ...rest] = step.split(' ')
  const at = ms(time!)
  const on = rest.indexOf('on')
  const object = on < 0 ? 'o' : rest.splice(on, 2)[1]!
  const first = rest[0] !== undefined && !rest[0].includes('=') ? rest.shift() : undefined
  const members = Object.fromEntries(
    rest.map((member) => {
      const [name, text] = member.split('=') as [string, string]
      return [name === 'until' ? 'expiresAt' : name, valueOf(name, text)]
    }),
  )
  switch (verb) {
    case 'leave':
      return agentsIn(first!).map(({ agent }) => ({ at, object, type: 'leave', data: { agent } }))
    case 'remove':
      return agentsIn(first!).map(({ agent }) => ({ at, object, type: 'report-removed', data: { agent } }))
    case 'override':
      return [{ at, object, type: 'override-set', data: { state: first, ...members } }]
    case 'clear':
      return [{ at, object, type: 'override-cleared', data: members }]
    case 'delete':
      return [{ at, object, type: 'object-deleted', data: members }]
    case 'agent':
      return [{ at, type: 'agent-set', data: { agent: first, ...members } }]
    case 'agent-removed':
      return [{ at, type: 'agent-removed', data: { agent: first } }]
    case 'policy-deleted':
      return [{ at, type: 'policy-deleted', data: { name: first } }]
    case 'tick':
      return [{ at, type: 'tick' }]
    default: {
      const [agents, state] = verb!.split('=') as [string, string]
      return agentsIn(agents).map(({ agent, number }) => {
        const data = { agent, state: state.replace('#', number), ...members }
        return { at, object, type: 'report', data }
      })
    }
  }
}

/** An event in the notation of the cases. */
export function eventText({ type, time, subject, data, cause }: EventLine): string {
  const on = subject === 'o' ? '' : ` on ${subject.replace('\u0001', '')}`
  const at = time / 1000
  if (data === null) return `${at} ${type.split('.')[1]!}${cause === undefined ? '' : ` ${cause}`}${on}`
  if (type === 'observers.lost') return `${at} lost${on}`
  const what = type === 'object.changed' ? `v${data.version} ${data.from}>${data.state}` : 'updated'
  return `${at} ${what}${data.cause === 'vote' ? '' : ` ${data.cause}`}${on}`
}

export const eventsOf = (output: readonly OutputLine[]): EventLine[] =>
  output.flatMap((line) => ('event' in line ? [line.event] : []))
