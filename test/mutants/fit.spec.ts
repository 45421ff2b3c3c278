import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

describe('the mutants of the vote', () => {
  it('fit the code, so that `npm run test:mutants` can be run at any time', () => {
    const { stdout, status } = spawnSync(process.execPath, [join(__dirname, 'run.mjs'), '--fit'], { encoding: 'utf8' })
    expect([stdout, status]).toEqual([expect.stringMatching(/^\d+ mutants fit\n$/), 0])
  })
})
