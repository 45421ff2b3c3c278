import { type Log, LogError, partitionOf, type PartitionReader, type ReaderOptions, type TopicSpec } from '@quorate/log'
import { randomUUID } from 'node:crypto'
import { type KeyValueChange, KeyValueTable } from './key-value-table'
import { checkedJson } from './key-value-table-codec'

interface Setting {
  readonly colour: string
}

/** What the whole-copy table promises, on whatever log. */
export function describeKeyValueTable(name: string, open: () => Promise<Log>): void {
  describe.each([1, 3])(`a key-value table on ${name}, %i partitions`, (partitions) => {
    let log: Log
    let topic: string
    beforeAll(async () => {
      log = await open()
    })
    afterAll(() => log.close())
    beforeEach(async () => {
      topic = `kv-${randomUUID()}`
      const spec: TopicSpec = { name: topic, partitions, cleanupPolicy: 'compact', timestampType: 'LogAppendTime' }
      await log.ensureTopics([spec], { replication: 1 })
    })

    it('reads what it wrote, and forgets what it deleted', async () => {
      const table = await KeyValueTable.open<Setting>({ log, topic })
      expect(table.get('a')).toBeUndefined()
      await table.put('a', { colour: 'red' })
      await table.put('ü/ö', { colour: 'blue' })
      expect(table.get('a')).toEqual({ colour: 'red' })
      expect([...table.entries()]).toEqual([
        ['a', { colour: 'red' }],
        ['ü/ö', { colour: 'blue' }],
      ])
      await table.put('a', { colour: 'green' })
      await table.delete('ü/ö')
      await table.delete('never there')
      expect([...table.entries()]).toEqual([['a', { colour: 'green' }]])
      expect(table.size).toBe(1)
      await table.close()
    })

    it('writes several in their order, over the bounds of one append, and deletes', async () => {
      const table = await KeyValueTable.open<Setting>({ log, topic })
      await table.putAll([])
      const many = Array.from({ length: 1_001 }, (_, i) => [`k${i}`, { colour: `${i}` }] as const)
      const large = [['large', { colour: 'x'.repeat(200_000) }], ['larger', { colour: 'y'.repeat(300_000) }]] as const // prettier-ignore
      await table.putAll([...many, ...large, ['k7', undefined], ['k8', { colour: 'last' }]])
      expect(table.size).toBe(1_002)
      expect([table.get('k7'), table.get('k8'), table.get('k1000')]).toEqual([undefined, { colour: 'last' }, { colour: '1000' }]) // prettier-ignore
      const again = await KeyValueTable.open<Setting>({ log, topic })
      expect(Object.fromEntries(again.entries())).toEqual(Object.fromEntries(table.entries()))
      await table.close()
      await again.close()
    })

    it('has everything again when it is opened anew', async () => {
      const first = await KeyValueTable.open<Setting>({ log, topic })
      for (let i = 0; i < 20; i++) await first.put(`k${i % 7}`, { colour: String(i) })
      await first.delete('k3')
      await first.close()
      const second = await KeyValueTable.open<Setting>({ log, topic })
      expect(Object.fromEntries(second.entries())).toEqual(Object.fromEntries(first.entries()))
      expect(second.size).toBe(6)
      await second.close()
    })

    it('tells watchers of every change, one key in order, wherever it was written', async () => {
      const reader = await KeyValueTable.open<Setting>({ log, topic })
      const writer = await KeyValueTable.open<Setting>({ log, topic })
      const seen: KeyValueChange<Setting>[] = []
      const enough = new Promise<void>((resolve) =>
        reader.watch((change) => void (seen.push(change) === 3 && resolve())),
      )
      await writer.put('a', { colour: '1' })
      await writer.put('a', { colour: '2' })
      await writer.delete('a')
      await enough
      expect(seen.map((c) => [c.key, c.value?.colour])).toEqual([
        ['a', '1'],
        ['a', '2'],
        ['a', undefined],
      ])
      expect(reader.has('a')).toBe(false)
      await reader.close()
      await writer.close()
    })

    it('skips bytes that are no value, and keeps what was there', async () => {
      const table = await KeyValueTable.open<Setting>({ log, topic })
      await table.put('a', { colour: 'red' })
      await log.append([{ topic, partition: 0, key: 'rubbish', value: 'no { json' }])
      await table.put('b', { colour: 'blue' })
      const again = await KeyValueTable.open<Setting>({ log, topic })
      expect(again.undecodable).toBe(1)
      expect([...again.entries()].map(([key]) => key)).toEqual(['a', 'b'])
      await table.close()
      await again.close()
    })

    it.each(['null', '7', '"text"', '[]', '{"colour":7}', '{"__proto__":{"colour":"red"}}', '['.repeat(100_000)])(
      'leaves out a value of another shape by its key, and goes on: %.40s',
      async (value) => {
        const isSetting = (it: unknown): boolean =>
          typeof it === 'object' &&
          it !== null &&
          Object.hasOwn(it, 'colour') &&
          typeof (it as Setting).colour === 'string'
        const codec = checkedJson<Setting>((it, key) => key === '__proto__' || isSetting(it))
        const table = await KeyValueTable.open<Setting>({ log, topic, codec })
        await table.put('a', { colour: 'red' })
        await log.append([{ topic, partition: partitionOf('a', partitions), key: 'a', value }])
        await table.put('__proto__', { colour: 'blue' })
        const again = await KeyValueTable.open<Setting>({ log, topic, codec })
        expect(again.undecodable).toBe(1)
        expect([...again.entries()]).toEqual([
          ['__proto__', { colour: 'blue' }],
          ['a', { colour: 'red' }],
        ])
        await table.close()
        await again.close()
      },
    )

    it('goes on when a watcher throws, which is told of the next record', async () => {
      const seen: string[] = []
      const onChange = ({ key }: { key: string }): void => {
        seen.push(key)
        if (key === 'bad') throw new TypeError('no')
      }
      const table = await KeyValueTable.open<Setting>({ log, topic, onChange })
      await table.put('bad', { colour: 'red' })
      await table.put('good', { colour: 'blue' })
      await table.close()
      expect(seen).toEqual(['bad', 'good'])
      // The same where the records are there already.
      const again = await KeyValueTable.open<Setting>({ log, topic, onChange, patienceMs: 5_000 })
      expect([again.size, [...seen].sort()]).toEqual([2, ['bad', 'bad', 'good', 'good']])
      await again.close()
    })

    /** Its readers see nothing, as where the log is out of reach of them alone. */
    const unread = (): Log => {
      const readers = ({ from }: { from: number }) => {
        const closed = Promise.withResolvers<never>()
        const close = () => closed.reject(new LogError('LOG_CLOSED', 'the reader'))
        return { position: from, next: () => closed.promise, close }
      }
      const [offsets, append] = [log.offsets.bind(log), log.append.bind(log)]
      return { offsets, append, reader: readers } as unknown as Log
    }

    it('does not wait for ever for what cannot be read: nothing to be opened, a write of unknown outcome', async () => {
      const empty = await KeyValueTable.open<Setting>({ log: unread(), topic, patienceMs: 20 })
      await expect(empty.put('a', { colour: 'red' })).rejects.toMatchObject({ code: 'LOG_OUTCOME_UNKNOWN' })
      await empty.close()
      const open = () => KeyValueTable.open<Setting>({ log: unread(), topic, patienceMs: 20 })
      await expect(open()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
      const table = await KeyValueTable.open<Setting>({ log, topic })
      expect(table.get('a')).toEqual({ colour: 'red' })
      await table.close()
    })

    it('follows again after an error that its reader could not ride out, and writes nothing meanwhile', async () => {
      const refused = { now: false, told: Promise.withResolvers<void>() }
      const view = refusing(log, refused)
      const table = await KeyValueTable.open<Setting>({ log: view, topic })
      const writer = await KeyValueTable.open<Setting>({ log, topic })
      await table.put('a', { colour: 'red' })
      refused.now = true
      await refused.told.promise
      await writer.put('a', { colour: 'blue' })
      const ends = await log.offsets(topic)
      await expect(table.put('a', { colour: 'lost' })).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
      expect(await log.offsets(topic)).toEqual(ends)
      expect(table.get('a')).toEqual({ colour: 'red' })

      const seen: unknown[] = []
      const followed = new Promise<void>((resolve) =>
        table.watch(({ value }) => (seen.push(value?.colour), value?.colour === 'green' && resolve())),
      )
      refused.now = false
      await writer.put('a', { colour: 'green' })
      await followed
      expect(seen).toEqual(['blue', 'green'])
      await table.put('a', { colour: 'white' })
      expect(table.get('a')).toEqual({ colour: 'white' })
      await table.close()
      await writer.close()
    })

    it('is not opened where the log refuses it', async () => {
      const refused = { now: true, told: Promise.withResolvers<void>() }
      const writer = await KeyValueTable.open<Setting>({ log, topic })
      await writer.put('a', { colour: 'red' })
      const open = KeyValueTable.open<Setting>({ log: refusing(log, refused), topic })
      await expect(open).rejects.toMatchObject({ code: 'LOG_UNAUTHORIZED' })
      await writer.close()
    })

    it('refuses to wait for ever once it is closed', async () => {
      const table = await KeyValueTable.open<Setting>({ log, topic })
      await table.close()
      await expect(table.put('a', { colour: 'red' })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    })
  })
}

/** A log whose readers are refused while `refused.now`; `told` resolves when all partitions' have been. */
function refusing(log: Log, refused: { now: boolean; told: PromiseWithResolvers<void> }): Log {
  const told = new Set<number>()
  const reader = (options: ReaderOptions): PartitionReader => {
    const inner = log.reader(options)
    return {
      get position() {
        return inner.position
      },
      next: async (maxWaitMs) => {
        if (!refused.now) return inner.next(maxWaitMs)
        const { length } = await log.offsets(options.topic)
        if (told.add(options.partition).size === length) refused.told.resolve()
        throw new LogError('LOG_UNAUTHORIZED', 'for a moment')
      },
      close: () => inner.close(),
    }
  }
  return new Proxy(log, {
    get: (target, name, receiver) => {
      if (name === 'reader') return reader
      const value: unknown = Reflect.get(target, name, receiver)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}
