import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A process that runs a rule under the watch; `ms`: how long the rule takes. */
function decide(ms: number) {
  const program = `
    const { RuleWatch } = require(${JSON.stringify(join(__dirname, 'rule-watch.ts'))})
    const logger = { warn: (fields, msg) => console.log(JSON.stringify({ ...fields, msg })), error: console.error }
    const watch = new RuleWatch({ logger, patienceMs: 400 })
    const rules = watch.watched(new Map([['slow', () => {
      const end = performance.now() + ${ms}
      while (performance.now() < end);
      return { winner: 'up', rule: 'slow' }
    }]]))
    setTimeout(async () => {
      watch.turnsTo(3, 'site/x')
      rules.get('slow')([], { name: 'p' }, 'unknown')
      await watch.close()
    }, 300)
  `
  const typescript = join(__dirname, '../../../../libs/log/testing/typescript.cjs')
  const child = spawn(process.execPath, ['-r', typescript, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>))
  return { child, lines }
}

const NAMED = { partition: 3, object: 'site/x', rule: 'slow', policy: 'p' }

describe('a rule registered in code', () => {
  it('that does not return is reported while it runs, at growing intervals, by another thread', async () => {
    const { child, lines } = decide(60_000)
    while (lines.length < 2) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    for (const line of lines)
      expect(line).toMatchObject({ ...NAMED, level: 50, msg: expect.stringMatching(/has not returned/) })
  }, 30_000)

  it('that returns late is reported once it has returned', async () => {
    const { child, lines } = decide(200)
    await once(child, 'exit')
    expect(lines).toEqual([{ ...NAMED, ms: expect.any(Number), msg: expect.stringMatching(/took long/) }])
  }, 30_000)

  it('that returns in time is not reported', async () => {
    const { child, lines } = decide(0)
    await once(child, 'exit')
    expect(lines).toEqual([])
  }, 30_000)
})
