import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startStandalone } from './bootstrap'

/**
 * What promtool's `check metrics` has against a metric; names of Node's own (`nodejs_`, `process_`) are their
 * library's.
 */
function faultsOf(name: string, type: string, help: string): string[] {
  const faults: string[] = []
  if (help === '') faults.push('has no help')
  if (type === 'counter' && !name.endsWith('_total')) faults.push('is a counter and does not end in _total')
  if (type !== 'counter' && name.endsWith('_total')) faults.push('ends in _total and is no counter')
  if (!['histogram', 'summary'].includes(type) && /_(count|sum|bucket)$/.test(name))
    faults.push('ends like a histogram')
  if (/[A-Z]|__|_$/.test(name)) faults.push('is not in snake case')
  if (/_(counter|gauge|histogram|summary)\b/.test(name)) faults.push('says its type')
  if (/_(ms|milliseconds|minutes|hours|kilobytes|percent)(_|$)/.test(name)) faults.push('is not in base units')
  return faults
}

/** name, type and meaning of each row of docs/metrics.md. */
const documented = (): string[][] =>
  [...readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \| [^|]*\| (.+) \|$/gm)].map(
    ([, name, type, help]) => [name!, type!, help!],
  ) // prettier-ignore

it('metrics are named as Prometheus asks, each with its help and type, and docs/metrics.md lists just them', async () => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'error']
  const log = await openEmbeddedLog({ memory: true })
  const running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), { log })
  const text = await (await fetch(`${running.url}/metrics`)).text()
  await running.close()
  await log.close()
  const metrics = [...text.matchAll(/^# HELP (\S+) ?(.*)\n# TYPE \S+ (\w+)$/gm)].map(([, name, help, type]) => ({
    name: name!,
    help: help!,
    type: type!,
  }))
  const ours = metrics.filter(({ name }) => name.startsWith('quorate_'))
  expect(documented().sort()).toEqual(ours.map(({ name, type, help }) => [name, type, help]).sort())
  expect(ours.map(({ name, type, help }) => [name, faultsOf(name, type, help)]).filter(([, faults]) => faults!.length > 0)).toEqual([]) // prettier-ignore
  expect(faultsOf('quorate_task_restore_total', 'gauge', 'x')).toEqual(['ends in _total and is no counter'])
})
