import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { runSimulate } from '.'

async function simulate(
  chunks: (string | Buffer)[],
  policies?: string,
): Promise<{ code: number; out: unknown[]; errors: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'simulate-'))
  const output = new PassThrough()
  const errors = new PassThrough()
  try {
    const policiesFile = join(dir, 'policies.json')
    if (policies !== undefined) await writeFile(policiesFile, policies)
    const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk as string)))
    const running = runSimulate({ ...(policies === undefined ? {} : { policiesFile }), input, output, errors })
    const text: string[] = []
    output.on('data', (chunk: Buffer) => text.push(chunk.toString('utf8')))
    const code = await running
    const lines = text.join('').split('\n').slice(0, -1)
    return { code, out: lines.map((line) => JSON.parse(line) as unknown), errors: String(errors.read() ?? '') }
  } finally {
    await rm(dir, { recursive: true })
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`
const report = (at: number, agent: string, state: string, more: object = {}) =>
  line({ at, object: 'o', type: 'report', data: { agent, state }, ...more })

describe('simulate', () => {
  it('writes events, looks and rejections in order', async () => {
    const { out, code } = await simulate([
      report(5, 'a', 'up'),
      'nonsense\n',
      line({ at: 6, type: 'look', object: 'o' }),
      line({ at: 7, object: 'o', type: 'object-deleted' }),
      line({ at: 8, type: 'look', object: 'o' }),
    ])
    expect(code).toBe(0)
    expect(out).toEqual([
      {
        event: {
          id: 'o@0.1',
          type: 'object.changed',
          time: 5,
          subject: 'o',
          data: expect.objectContaining({ state: 'up' }),
        },
      },
      { rejected: { line: 1, reason: 'not JSON' } },
      { look: expect.objectContaining({ state: 'up', revision: 1 }) },
      { event: { id: 'o@0.2', type: 'object.deleted', time: 7, subject: 'o', data: null, cause: 'deleted' } },
      { look: null },
    ])
  })

  it.each([
    ['text that is not JSON', '{', 'not JSON'],
    ['a list', '[]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['an empty line', '', 'not JSON'],
    ['a line without time', '{"object":"o","type":"tick"}', 'at: must be a number of ms'],
    ['a time in words', '{"at":"1","type":"tick"}', 'at: must be a number of ms'],
    ['an infinite time', '{"at":1e999,"type":"tick"}', 'at: must be a number of ms'],
  ])('rejects %s, and does not advance time', async (_what, text, reason) => {
    const { out } = await simulate([report(0, 'a', 'up'), `${text}\n`, line({ at: 0, type: 'look', object: 'o' })])
    expect(out.slice(1)).toEqual([
      { rejected: { line: 1, reason } },
      { look: expect.objectContaining({ stale: false }) },
    ])
  })

  it('rejects a line that is not UTF-8 and no other', async () => {
    const { out } = await simulate([Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), report(0, 'a', 'up')])
    expect(out).toEqual([{ rejected: { line: 0, reason: 'not UTF-8' } }, { event: expect.anything() }])
  })

  it('advances time before it rejects what violates the contract', async () => {
    const { out } = await simulate([report(0, 'a', 'up'), line({ at: 60_000, object: 'o', type: 'leave', data: {} })])
    expect(out.slice(1)).toEqual([
      { event: expect.objectContaining({ type: 'object.updated', time: 60_000 }) },
      { rejected: { line: 1, reason: '/agent: missing' } },
    ])
  })

  it.each([
    ['no data', { type: 'report', object: 'o' }, 'the value is missing'],
    ['no object', { type: 'report', data: { agent: 'a', state: 'up' } }, 'a report needs a key: the object id'],
    ['an object that is not text', { type: 'tick', object: 1 }, 'object: must be a string'],
    [
      'an object that is not an id',
      { type: 'report', object: 'a\n', data: { agent: 'a', state: 'up' } },
      'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
    ],
    ['an unknown type', { type: 'vote', object: 'o', data: {} }, 'unknown kind "vote"'],
    ['a type that is not text', { type: 1, object: 'o', data: {} }, 'type: must be a string'],
    [
      'two types',
      { type: 'leave', object: 'o', data: { type: 'report', agent: 'a' } },
      'the header ce_type says "leave", the field type "report"',
    ],
    ['a look at nothing', { type: 'look' }, 'object: a look needs one'],
    [
      'a policy refused',
      { type: 'policy-set', data: { name: 'p', match: '**', ttl: 7200 } },
      '/memory: must be at least ttl (7200)',
    ],
    [
      'an object on a policy',
      { type: 'policy-set', object: 'o', data: { name: 'p', match: '**' } },
      'a policy-set has no key',
    ],
  ])('rejects %s', async (_what, value, reason) => {
    expect((await simulate([line({ at: 0, ...value })])).out).toEqual([{ rejected: { line: 0, reason } }])
  })

  it('counts every line as an offset, unless the line has its own', async () => {
    const { out } = await simulate([
      'x\n',
      report(0, 'a', 'up'),
      report(1, 'a', 'down', { offset: 700 }),
      report(2, 'a', 'up'),
    ])
    const offsets = out
      .slice(1)
      .map((row) => (row as { event: { data: { trigger: { offset: number } } } }).event.data.trigger.offset)
    expect(offsets).toEqual([1, 700, 3])
  })

  it('takes lines cut anywhere, and without a line break', async () => {
    const bytes = Buffer.from(report(0, 'é', 'up') + report(1, '😀', 'down') + report(2, 'ü', 'down').trimEnd())
    const whole = (await simulate([bytes])).out
    expect(whole).toHaveLength(3)
    for (let at = 1; at < bytes.length; at++) {
      expect((await simulate([bytes.subarray(0, at), bytes.subarray(at)])).out).toEqual(whole)
    }
  })

  it('puts the policies of a file in force before line 0', async () => {
    const { out } = await simulate(
      [report(0, 'a', 'up'), line({ at: 0, type: 'look', object: 'o' })],
      '[{"name":"p","match":"**","quorum":2}]',
    )
    expect(out).toEqual([{ look: expect.objectContaining({ policy: 'p', quorum: 2, state: 'unknown' }) }])
  })

  it.each([
    ['a policy is refused', '[{"name":"p","match":"**","ttl":7200}]', '/0/memory: must be at least ttl (7200)'],
    ['it is not a list', '{}', 'must be a JSON array of policies'],
    ['it is not JSON', '[', 'JSON'],
  ])('does not start if %s in the file', async (_what, policies, reason) => {
    const { code, out, errors } = await simulate([report(0, 'a', 'up')], policies)
    expect(code).toBe(1)
    expect(out).toEqual([])
    expect(errors).toContain(reason)
  })

  it('waits for a slow reader', async () => {
    let most = 0
    const output: Writable = new Writable({
      highWaterMark: 1024,
      write(_chunk, _encoding, done) {
        most = Math.max(most, output.writableLength)
        setImmediate(done)
      },
    })
    const flips = Array.from({ length: 5000 }, (_, i) => report(i, 'a', i % 2 ? 'up' : 'down'))
    await runSimulate({
      input: Readable.from(flips.map((text) => Buffer.from(text))),
      output,
      errors: new PassThrough(),
    })
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(1 << 17)
  })
})
