import type { Step } from '../testing/steps'
import { Story } from '../testing/story'
import type { RouteInput } from './pipeline'

const change = (object: 'rack/1' | 'web/1', state: string): Step => ({ do: 'change', object, state, flapping: false })
const configure = (tree: number, one: string, two: string): Step => ({ do: 'configure', tree, repeat: 0, one, two, other: false }) // prettier-ignore
const AT_ONCE: Partial<RouteInput> = { groupWait: 0, groupInterval: 0, groupBy: ['object'], unknownAfter: 0 }

/** Histories that ended badly once. */
it.each<[string, Partial<RouteInput>, Step[]]>([
  [
    'N74: what is held on a named route has a decision for the receiver that the route had',
    { ...AT_ONCE, unknownAfter: 30 },
    [configure(3, 'h', 'mh'), change('rack/1', 'unknown'), configure(3, 'h', ''), { do: 'silence', glob: '**', seconds: 30 }], // prettier-ignore
  ],
  [
    'N75: two routes that fill messages of one lane in one moment keep to the events',
    { ...AT_ONCE, groupBy: ['policy'] },
    [change('web/1', 'degraded'), configure(4, 'h', 'm'), change('web/1', 'up'), { do: 'wait', seconds: 1 }],
  ],
  [
    'N76: a recovery that waits at an endpoint that is taken away is sent',
    { ...AT_ONCE, groupBy: ['policy'] },
    [change('web/1', 'down'), configure(1, 'h', 'm'), change('web/1', 'up'), configure(0, 'h', '')],
  ],
])('%s', async (_, root, steps) => {
  const story = await Story.open(root, 0)
  try {
    for (const one of steps) await story.run(one)
    await story.end()
    expect(story.faults()).toEqual([])
  } finally {
    story.close()
  }
})
