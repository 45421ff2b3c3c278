import { linesOf, eventsOf, policiesOf, readCases, eventText } from '../../testing/case-file'
import { CASE_RULES } from '@quorate/vote/testing'
import { parseOutput, simulate, toJsonLines } from '../../testing/scenario'

describe.each(['published.json', 'votes.json', 'voted.json', 'overrides.json', 'rules.json', 'crowds.json'])(
  'the cases of %s, simulated',
  (file) => {
    it.each(readCases(file).map((row) => [row.id, row.says, row] as const))('%s: %s', async (_id, _says, row) => {
      const { lines, looks } = linesOf(row)
      const policies = policiesOf(row)
      const { text, code, errors } = await simulate(toJsonLines(lines), {
        rules: CASE_RULES,
        ...(policies === undefined ? {} : { policies }),
      })
      expect(errors).toBe('')
      expect(code).toBe(0)
      const output = parseOutput(text)
      const seen = output.flatMap((line) => ('look' in line ? [line.look] : []))
      expect(seen).toHaveLength(looks.length)
      for (const [i, { is }] of looks.entries()) {
        if (is === null) expect(seen[i]).toBeNull()
        else expect(seen[i]).toMatchObject(is)
      }
      const events = eventsOf(output)
      const changed = events.filter(({ type }) => type === 'object.changed')
      if (row.changes !== undefined) expect(changed.map(eventText)).toEqual(row.changes)
      if (row.events !== undefined) expect(events.map(eventText)).toEqual(row.events)
      const rejected = output.flatMap((line) => ('rejected' in line ? [line.rejected.reason] : []))
      expect(rejected).toEqual(row.rejected ?? [])
    })
  },
)
