import { SUBJECTS } from '../../testing/channel-subjects'
import { CHANNELS } from '.'
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
