// The engine alone, without log and store: µs of one core for each report, and for a policy change that touches many
// objects.
//   npm run build && node bench/engine.mjs [reports] [objects of the policy change]
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { load, quantile, round } from './lib/measure.mjs'

const require = createRequire(import.meta.url)
const dist = join(fileURLToPath(new URL('..', import.meta.url)), 'dist/libs/vote/src')
const { Fold, MemoryState, Settings } = require(dist)

const reports = Number(process.argv[2] ?? 500_000)
const touched = Number(process.argv[3] ?? 200_000)
const ROUNDS = 5

const report = (object, agent, state, seq) => ({
  type: 'report',
  object: `site/${object}`,
  data: { agent: `agent-${agent}`, state, seq },
})

/** A fold over `objects` objects on which `agents` agents have reported once. */
function filled(objects, agents) {
  const events = { count: 0 }
  const state = new MemoryState(() => events.count++, new Settings())
  const fold = new Fold(state)
  fold.advance(0, 0)
  for (let object = 0; object < objects; object++)
    for (let agent = 0; agent < agents; agent++) fold.apply(report(object, agent, 'up', 0), object * agents + agent)
  return { state, fold, events }
}

/**
 * Every agent of every object in turn, 1 ms apart or as slow as keeps the votes fresh. One report in `flips` says
 * another state than the agent's last; 0: all repeat it.
 */
function perReport(agents, flips) {
  const objects = Math.max(1, Math.round(100_000 / agents))
  const { fold } = filled(objects, agents)
  const rows = objects * agents
  const says = new Uint8Array(rows)
  const step = Math.min(1, 50_000 / rows)
  let offset = rows
  const run = (count) => {
    const commands = Array.from({ length: count }, (_, i) => {
      const row = (offset + i) % rows
      if (flips > 0 && (offset + i) % flips === 0) says[row] ^= 1
      return report(row % objects, Math.floor(row / objects), says[row] ? 'down' : 'up', offset + i)
    })
    const begin = process.cpuUsage()
    for (const command of commands) {
      fold.advance((offset - rows) * step, offset)
      fold.apply(command, offset++)
    }
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / count
  }
  run(Math.min(reports, 100_000))
  const rounds = Array.from({ length: ROUNDS }, () => run(Math.round(reports / ROUNDS)))
  return round(
    quantile(
      rounds.sort((a, b) => a - b),
      0.5,
    ),
    3,
  )
}

/** A policy that matches every object is put: all are evaluated, none or all of them change. */
function policyChange(agents, policy) {
  const { fold, events } = filled(touched, agents)
  const before = events.count
  const begin = performance.now()
  fold.apply({ type: 'policy-set', data: { name: 'p', match: 'site/**', ...policy } }, touched * agents + 1)
  return { s: round((performance.now() - begin) / 1000), events: events.count - before }
}

const results = { load: load(), reports, perReportUs: {}, policyChange: { objects: touched } }
for (const agents of [5, 50, 500])
  results.perReportUs[agents] = {
    sameState: perReport(agents, 0),
    oneIn100Flips: perReport(agents, 100),
    everyFlips: perReport(agents, 1),
  }
results.policyChange.nothingChanges = policyChange(5, { ttl: 61 })
results.policyChange.allChange = policyChange(5, { quorum: 6, onNoQuorum: 'unknown' })
console.log(JSON.stringify(results, null, 2))
