import { describeAppending } from './appending.conformance'
import { describeGroups } from './groups.conformance'
import type { LogUnderTest } from './log-under-test'
import { describeModel } from './model.conformance'
import { describeOtherLog } from './other-log.conformance'
import { describeReaders } from './readers.conformance'
import { Subject } from './subject'
import { describeTopics } from './topics.conformance'
import { describeTransactions } from './transactions.conformance'

/** The behaviour of the log port, in sentences. An adapter is done when they all hold. */
export function describeLog(name: string, underTest: LogUnderTest): void {
  describe(`the log port: ${name}`, () => {
    jest.setTimeout(underTest.timeoutMs ?? 60_000)
    const subject = new Subject(underTest)
    beforeAll(() => subject.open())
    afterAll(() => subject.close())

    describeTopics(subject)
    describeAppending(subject)
    describeReaders(subject)
    describeOtherLog(subject)
    describeTransactions(subject)
    describeGroups(subject)
    describeModel(subject)
  })
}
