import 'reflect-metadata'
import { Controller, type INestMicroservice, UseFilters } from '@nestjs/common'
import { Ctx, EventPattern, Payload } from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import type { LogRecord } from '@quorate/log'
import type { Streams, TaskBatch, TaskContext } from '@quorate/streams'
import { BatchContext, type HandleBatch, PropagateErrors, StreamsStrategy } from '.'

const SOURCE = 'q.reports'
const record = (offset: number): LogRecord => ({
  offset,
  timestamp: 0,
  key: null,
  value: Buffer.from('1'),
  headers: [],
})
const batch = (...offsets: number[]): TaskBatch => ({
  records: offsets.map(record),
  next: (offsets.at(-1) ?? 0) + 1,
  end: 100,
})
const task = (partition = 3, source = SOURCE) => ({ partition, source }) as unknown as TaskContext

/** A streams application that only remembers that it was started and stopped. */
class Recorded {
  calls: string[] = []
  failure: Error | undefined
  async start() {
    this.calls.push('start')
    if (this.failure) throw this.failure
  }
  async stop() {
    this.calls.push('stop')
  }
}

@Controller()
@UseFilters(PropagateErrors)
class ReportBatches {
  seen: { batch: TaskBatch; context: BatchContext }[] = []
  answer: () => unknown = () => 42

  @EventPattern<string>('reports')
  reports(@Payload() batch: TaskBatch, @Ctx() context: BatchContext): unknown {
    this.seen.push({ batch, context })
    return this.answer()
  }
}

@Controller()
class Nobody {}

describe('the streams strategy', () => {
  let app: INestMicroservice
  let handle: HandleBatch
  const open = async (
    controllers: (typeof ReportBatches | typeof Nobody)[],
    streams = new Recorded(),
    before?: () => Promise<void>,
  ) => {
    const strategy = new StreamsStrategy({
      sources: { reports: SOURCE },
      ...(before ? { before } : {}),
      create: (given) => {
        handle = given
        return streams as unknown as Streams
      },
    })
    const module = await Test.createTestingModule({ controllers }).compile()
    app = module.createNestMicroservice({ strategy, logger: false })
    return { strategy, streams }
  }
  afterEach(() => app.close())

  it('starts streams when Nest listens, and stops it when Nest closes', async () => {
    const { streams } = await open([ReportBatches])
    await app.listen()
    expect(streams.calls).toEqual(['start'])
    await app.close()
    expect(streams.calls).toEqual(['start', 'stop'])
  })

  it('runs `before` first, and starts nothing if that fails', async () => {
    const streams = new Recorded()
    await open([ReportBatches], streams, async () => void streams.calls.push('before'))
    await app.listen()
    expect(streams.calls).toEqual(['before', 'start'])
    await app.close()
    const failed = new Recorded()
    await open([ReportBatches], failed, () => Promise.reject(new Error('cannot be put in force')))
    await expect(app.listen()).rejects.toThrow('cannot be put in force')
    expect(failed.calls).toEqual([])
  })

  it("passes the whole batch unchanged, with its task, and returns the handler's result", async () => {
    await open([ReportBatches])
    await app.listen()
    const given = batch(5, 6, 9)
    const context = task()
    await expect(handle(given, context)).resolves.toBe(42)
    const { seen } = app.get(ReportBatches)
    expect(seen[0]!.batch).toBe(given)
    expect(seen[0]!.context).toBeInstanceOf(BatchContext)
    expect(seen[0]!.context.task).toBe(context)
    expect([seen[0]!.context.partition, seen[0]!.context.position]).toEqual([3, 5])
  })

  it('passes the error of a handler to streams unchanged', async () => {
    await open([ReportBatches])
    await app.listen()
    const fault = new RangeError('an internal error')
    app.get(ReportBatches).answer = () => {
      throw fault
    }
    await expect(handle(batch(1), task())).rejects.toBe(fault)
  })

  it('refuses a result that is not an offset', async () => {
    await open([ReportBatches])
    await app.listen()
    app.get(ReportBatches).answer = () => undefined
    await expect(handle(batch(1), task())).rejects.toThrow('must return the offset to resume at, not undefined')
  })

  it('refuses to listen if no handler serves a source', async () => {
    const { streams } = await open([Nobody])
    await expect(app.listen()).rejects.toThrow("no controller handles @EventPattern('reports')")
    expect(streams.calls).toEqual([])
  })

  it('refuses a batch of another topic', async () => {
    await open([ReportBatches])
    await app.listen()
    await expect(handle(batch(1), task(0, 'other'))).rejects.toThrow('no batch handler for other')
  })

  it('rejects listening with the error that prevented streams from starting', async () => {
    const streams = new Recorded()
    streams.failure = new Error('a topic is not as it must be')
    await open([ReportBatches], streams)
    await expect(app.listen()).rejects.toBe(streams.failure)
  })
})
