import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SUBJECTS } from '../../testing/channel-subjects'
import { CHANNELS } from '.'
import { preview, SAMPLES } from '../templates'
import { describeChannel } from './channel.conformance'

for (const subject of SUBJECTS) describeChannel(subject)

it('every channel of the registry is held to the suite', () => {
  expect(SUBJECTS.map(({ name }) => name).sort()).toEqual([...CHANNELS.keys()].sort())
})

it('every channel but the console judges its settings, and takes none that it does not know', () => {
  for (const [name, { schema, check }] of CHANNELS) {
    if (name === 'console') continue
    expect(schema).toBeDefined()
    expect(check!({ nonsense: 1 })).toContainEqual({ pointer: '/nonsense', detail: 'unknown field' })
  }
})

it('every channel with templates can show what it would send with them', () => {
  const shown = [...CHANNELS.values()].flatMap(({ name, texts }) =>
    texts ? [[name, preview(texts, {}, SAMPLES.change(0))] as const] : [],
  )
  expect(shown.map(([name]) => name).sort()).toEqual(['alertmanager', 'chat', 'email', 'pagerduty'])
  for (const [, parts] of shown)
    for (const { text, builtIn } of Object.values(parts))
      expect([builtIn, text]).toEqual([true, expect.stringContaining('router-1')])
})

it('docs/notify-channels.md has exactly the settings that the channels take', () => {
  const page = readFileSync(join(__dirname, '../../../../docs/notify-channels.md'), 'utf8')
  for (const [name, { schema }] of CHANNELS) {
    const section = page.split(`\n## ${name}\n`)[1]!.split('\n## ')[0]!
    const written = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, setting]) => setting)
    expect(written).toEqual(Object.keys((schema?.properties ?? {}) as object))
  }
})
