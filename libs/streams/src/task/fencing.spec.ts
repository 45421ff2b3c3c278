import { type GroupMember, type Log, LogError, type MemberOptions } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { hangingLog, Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

/** A log whose members hear nothing of their group while `cut.off`; counts how often they were asked then. */
function withoutCoordinator(log: Log, cut: { off: boolean; onAsked: () => void }): Log {
  const deaf = (member: GroupMember): GroupMember =>
    new Proxy(member, {
      get: (target, name) => {
        if (name === 'current' && cut.off) {
          cut.onAsked()
          return false
        }
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
  return new Proxy(log, {
    get: (target, name, receiver) => {
      if (name === 'join') return async (options: MemberOptions) => deaf(await target.join(options))
      const value: unknown = Reflect.get(target, name, receiver)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

describe('a task that has to fence anew', () => {
  let ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.reverse()) await end()
    ends = []
  })

  it.each(['LOG_STALE_MEMBER', 'LOG_FENCED'] as const)(
    'after %s does not take the partition from its new owner while it is cut off from its group',
    async (code) => {
      const topology = topologyOf('cut', 1)
      const id = `${topology.group}.0`
      const embedded = await openEmbeddedLog({ memory: true })
      ends.push(() => embedded.close())
      const faults = hangingLog(embedded)
      let fences = 0
      const cut = { off: false, onAsked: (): void => undefined }
      const counting = new Proxy(withoutCoordinator(faults.log, cut), {
        get: (target, name, receiver) => {
          const value: unknown = Reflect.get(target, name, receiver)
          if (name !== 'fence') return value
          return (asked: string) => {
            if (asked === id) fences++
            return (value as Log['fence'])(asked)
          }
        },
      })
      const driver = await TestDriver.open({ topology, processor: () => new Last(), log: counting })
      ends.push(() => driver.close())
      const streams = await driver.start()
      await driver.pipe({ key: 'k', value: '1' })
      await driver.settle()
      expect(fences).toBe(1)

      const askedTwice = new Promise<void>((resolve) => {
        let asked = 0
        cut.onAsked = () => ++asked === 2 && resolve()
      })
      const another = await embedded.fence(id)
      faults.failCommit(new LogError(code, 'its session has ended'))
      cut.off = true
      await driver.pipe({ key: 'k', value: '2' })
      await askedTwice
      expect(fences).toBe(1)
      await another.commit({ records: [] })
      if (code === 'LOG_STALE_MEMBER') {
        expect(streams.task(0)!.state).toBe('restoring')
        expect(streams.task(0)!.table('sums').get('k')?.toString()).toBe('1')
      }

      cut.off = false
      await driver.settle()
      expect(driver.task(0).table('sums').get('k')?.toString()).toBe('2')
    },
  )
})
