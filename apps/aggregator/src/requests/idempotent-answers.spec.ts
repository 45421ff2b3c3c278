import { type Answer, json } from '@quorate/http'
import { type Log, LogError, type OutRecord } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { IdempotentAnswers } from './idempotent-answers'
import { ANSWERS } from '@quorate/engine/core'

const topic = 'quorate.settings'

describe('answers to requests with a key', () => {
  let log: EmbeddedLog
  let works: number
  let isAway: boolean

  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'compact', timestampType: 'LogAppendTime' }])
    works = 0
    isAway = false
  })
  afterEach(() => log.close())

  const instance = () => {
    const append = async (records: readonly OutRecord[]) => {
      if (isAway) throw new LogError('LOG_UNAVAILABLE', topic)
      return log.append(records)
    }
    const [offsets, reader] = [log.offsets.bind(log), log.reader.bind(log)]
    return new IdempotentAnswers({ append, offsets, reader } as unknown as Log, topic, 1_000)
  }
  const ask = (answers: IdempotentAnswers, key: string) =>
    answers.once({ key, fingerprint: 'f' }, async (): Promise<Answer> => {
      works++
      return json(202, '{"accepted":1}', { 'quorate-position': `0@${works}` })
    })

  it('are given though they cannot be kept, since it is done; known here at once, and to all as soon as they can be kept', async () => {
    const answers = instance()
    isAway = true
    const first = await ask(answers, 'k')
    expect(first).toMatchObject({ status: 202, headers: { 'quorate-position': '0@1' } })
    expect(await ask(answers, 'k')).toEqual(first)
    await expect(answers.once({ key: 'k', fingerprint: 'other' }, () => Promise.reject(new Error()))).rejects.toMatchObject({ code: 'conflict' }) // prettier-ignore
    isAway = false
    await ask(answers, 'another')
    expect(await ask(instance(), 'k')).toEqual(first)
    expect(works).toBe(2)
  })

  it('are given whatever else lies in the settings', async () => {
    const strange = [
      'null',
      '7',
      '[]',
      '{"at":1}',
      '{"fingerprint":"f","at":"now","status":99,"position":1,"body":null}',
    ]
    await log.append(
      strange.flatMap((value, i) => [
        { topic, partition: 0, key: `${ANSWERS}${i}`, value },
        { topic, partition: 0, key: `elsewhere/${i}`, value },
      ]),
    )
    for (const i of strange.keys()) expect(await ask(instance(), String(i))).toMatchObject({ status: 202 })
    expect(await ask(instance(), '0')).toMatchObject({ headers: { 'quorate-position': '0@1' } })
  })
})
