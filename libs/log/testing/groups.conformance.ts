import type { MemberIdentity } from '@quorate/log'
import { readTo, records } from './collect'
import { byTurns, RecordingMember } from './group-member'
import { refusal, type Subject } from './subject'

export function describeGroups(subject: Subject): void {
  describe('a group', () => {
    const joined: RecordingMember[] = []
    const join = async (group: string, topic: string, called: string, log = subject.log) => {
      const member = await RecordingMember.join(log, group, topic, called)
      joined.push(member)
      return member
    }
    afterEach(() => Promise.all(joined.splice(0).map(({ member }) => member.leave())))

    const topicOf = (partitions: number) => subject.topic({ partitions })

    it('gives its only member everything', async () => {
      const topic = await topicOf(4)
      const member = await (await join(subject.name('group'), topic, 'a')).has(0, 1, 2, 3)
      const { memberId, generation } = member.last!
      expect(memberId).not.toBe('')
      expect(generation).toBeGreaterThan(0)
      expect(member.member.identity).toMatchObject({ memberId, generation })
    })

    it('calls nobody from inside a call', async () => {
      const topic = await topicOf(2)
      let inside = false
      let calledInside = false
      const recording = await RecordingMember.join(subject.log, subject.name('group'), topic, 'a', {
        assign: (members, partitions) => {
          calledInside ||= inside
          return byTurns(members, partitions)
        },
      })
      joined.push(recording)
      await recording.has(0, 1)
      const before = recording.assignments.length
      inside = true
      recording.member.rejoin()
      calledInside ||= recording.assignments.length > before
      inside = false
      await recording.until(({ assignments }) => assignments.length > before)
      expect(calledInside).toBe(false)
    })

    it('shares with a second member, in a new generation of which both know', async () => {
      const topic = await topicOf(4)
      const group = subject.name('group')
      const a = await (await join(group, topic, 'a')).has(0, 1, 2, 3)
      const first = a.last!.generation
      const b = await (await join(group, topic, 'b', subject.other)).has(1, 3)
      await a.has(0, 2)
      expect(b.last!.generation).toBe(a.last!.generation)
      expect(b.last!.generation).toBeGreaterThan(first)
      expect(b.last!.memberId).not.toBe(a.last!.memberId)
      expect(a.lost + b.lost).toBe(0)
    })

    it('waits before a rebalance until the work of its members has ended, and their share is theirs until then', async () => {
      const topic = await topicOf(2)
      const group = subject.name('group')
      let asked = 0
      let end: () => void = () => undefined
      const work = new Promise<void>((resolve) => (end = resolve))
      const a = await RecordingMember.join(subject.log, group, topic, 'a', {
        beforeRebalance: () => (asked++, work),
      })
      joined.push(a)
      await a.has(0, 1)
      expect(asked).toBe(0)
      const before = a.assignments.length
      const joining = RecordingMember.join(subject.other, group, topic, 'b')
      while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      expect([a.assignments.length, a.lost, a.member.current]).toEqual([before, 0, true])
      end()
      const b = await joining
      joined.push(b)
      await Promise.all([a.has(0), b.has(1)])
    })

    it("carries the members' data up to the leader and the leader's down to all, anew at each rebalance", async () => {
      const topic = await topicOf(2)
      const group = subject.name('group')
      const a = await (await join(group, topic, 'a')).has(0, 1)
      expect(a.last!.userData.toString()).toBe('a')
      const asked = a.asked
      const b = await join(group, topic, 'b', subject.other)
      const knowing = (everyone: string) => (self: RecordingMember) => self.last?.userData.toString() === everyone
      await Promise.all([a, b].map((member) => member.until(knowing('a b'))))
      expect(a.asked).toBeGreaterThan(asked)
      b.called = 'z'
      b.member.rejoin()
      await Promise.all([a, b].map((member) => member.until(knowing('a z'))))
      expect(a.last!.generation).toBe(b.last!.generation)
    })

    it('lets a member keep what its own data says it had', async () => {
      const topic = await topicOf(4)
      const group = subject.name('group')
      const owned = new Map<string, number[]>()
      const sticky = async (called: string, log = subject.log) => {
        const member = await RecordingMember.join(log, group, topic, called, {
          userData: () => Buffer.from(JSON.stringify(owned.get(called) ?? [])),
          assign: (members, partitions) => {
            const most = Math.ceil(partitions / members.length)
            const kept = new Map(
              members.map(({ memberId, userData }) => [
                memberId,
                (JSON.parse(userData.toString()) as number[]).slice(0, most),
              ]),
            )
            const free = Array.from({ length: partitions }, (_, p) => p).filter(
              (p) => ![...kept.values()].flat().includes(p),
            )
            for (const share of kept.values()) while (share.length < most && free.length > 0) share.push(free.shift()!)
            return new Map([...kept].map(([id, share]) => [id, { partitions: share, userData: Buffer.alloc(0) }]))
          },
        })
        joined.push(member)
        return member
      }
      const a = await (await sticky('a')).has(0, 1, 2, 3)
      owned.set('a', [1, 3, 0, 2])
      const b = await (await sticky('b', subject.other)).has(0, 2)
      await a.has(1, 3)
      expect(b.last!.generation).toBe(a.last!.generation)
    })

    it('gives everything to who stays when a member leaves, and tells the one that left nothing', async () => {
      const topic = await topicOf(4)
      const group = subject.name('group')
      const a = await join(group, topic, 'a')
      const b = await join(group, topic, 'b', subject.other)
      await Promise.all([a.has(0, 2), b.has(1, 3)])
      await a.member.leave()
      const told = a.assignments.length
      await b.has(0, 1, 2, 3)
      expect(a.member.identity).toBeUndefined()
      expect(a.assignments).toHaveLength(told)
      expect(a.lost).toBe(0)
    })

    it('has more members than partitions, some of which get nothing', async () => {
      const topic = await topicOf(1)
      const group = subject.name('group')
      const a = await (await join(group, topic, 'a')).has(0)
      const b = await join(group, topic, 'b', subject.other)
      await b.until(({ last }) => last?.partitions.length === 0 && last.userData.toString() === 'a b')
      await a.until(({ last }) => last?.generation === b.last!.generation)
      expect(a.last!.partitions).toEqual([0])
    })

    it('does not disturb another group', async () => {
      const topic = await topicOf(2)
      const a = await (await join(subject.name('group'), topic, 'a')).has(0, 1)
      const told = a.assignments.length
      await (await join(subject.name('group'), topic, 'b', subject.other)).has(0, 1)
      expect(a.assignments).toHaveLength(told)
    })

    const commitAs = async (group: string, topic: string, member: MemberIdentity, value: string, offset: number) => {
      const transactor = await subject.log.fence(subject.name('id'))
      try {
        return await transactor.commit({
          records: records(topic, 0, [value]),
          source: { group, topic, partition: 0, offset, member },
        })
      } finally {
        await transactor.close()
      }
    }

    it('refuses commits of an older generation and of unknown members, and keeps nothing of them', async () => {
      const topic = await topicOf(2)
      const group = subject.name('group')
      const a = await (await join(group, topic, 'a')).has(0, 1)
      const { memberId, generation } = a.last!
      await commitAs(group, topic, { memberId, generation }, 'present', 1)
      const b = await (await join(group, topic, 'b', subject.other)).has(1)
      await a.has(0)
      const stale = await refusal(commitAs(group, topic, { memberId, generation }, 'stale', 2), 'LOG_STALE_MEMBER')
      expect(stale.action).toBe('refence')
      await refusal(
        commitAs(group, topic, { memberId: 'nobody', generation: b.last!.generation }, 'unknown', 3),
        'LOG_STALE_MEMBER',
      )
      expect(await subject.log.committed(group, topic, [0])).toEqual(new Map([[0, 1]]))
      await commitAs(group, topic, a.member.identity!, 'again', 4)
      const read = await readTo(subject.log, topic, 0)
      expect(read.map((record) => record.value!.toString())).toEqual(['present', 'again'])
      expect(await subject.log.committed(group, topic, [0])).toEqual(new Map([[0, 4]]))
    })

    it('refuses commits of a member that has left', async () => {
      const topic = await topicOf(1)
      const group = subject.name('group')
      const a = await (await join(group, topic, 'a')).has(0)
      const identity = a.member.identity!
      await a.member.leave()
      await refusal(commitAs(group, topic, identity, 'gone', 1), 'LOG_STALE_MEMBER')
      expect(await readTo(subject.log, topic, 0)).toEqual([])
    })

    const { expire } = subject.underTest
    if (expire) {
      it('tells a member that its session timed out, and lets it in again', async () => {
        const topic = await topicOf(4)
        const group = subject.name('group')
        const a = await join(group, topic, 'a')
        const b = await join(group, topic, 'b', subject.other)
        await Promise.all([a.has(0, 2), b.has(1, 3)])
        const identity = a.member.identity!
        await expire(subject.log, group, identity.memberId)
        await a.until(({ lost }) => lost === 1)
        const told = a.assignments.length
        await refusal(commitAs(group, topic, identity, 'lost', 1), 'LOG_STALE_MEMBER')
        await a.until(({ assignments }) => assignments.length > told)
        await Promise.all([a.has(0, 2), b.has(1, 3)])
        expect(a.member.identity).not.toEqual(identity)
      })
    }
  })
}
