import { Injectable } from '@nestjs/common'
import { type Answer, type Call, callOf } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { RequestKey } from '@quorate/engine/core'
import type { RunningTask } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'
import type { ReadOptions } from '../queries/objects'
import { DEFAULT_WAIT, parseWait, waitOf } from '../queries/waiting'
import { askedPartsOf, isDryRun, queryOf, readOptionsOf, requestKeyOf } from './request-parts'

/** Its owner answers for what is broadcast to all partitions, since it alone appends to all of them at once. */
const BROADCASTER = 0

/** How an entry is put in force, or tried. */
export interface PutSteps {
  readonly write: (task: RunningTask, waitMs: number, key: RequestKey | undefined) => Promise<Answer>
  /** Evaluates it and writes nothing; of a peer's request only the partitions that it names. */
  readonly dryRun: (call: Call, partitions: readonly number[] | undefined) => Promise<Answer>
}

/** Requests for policies and agents: both are read and written at the broadcaster, with the same parameters. */
@Injectable()
export class BroadcastRequests {
  constructor(private readonly owners: Owners) {}

  async read(
    request: FastifyRequest,
    read: (task: RunningTask, options: ReadOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const options = readOptionsOf(request, this.owners.streams.partitions)
    return this.#answer(request, waitOf(options), (task) => read(task, options))
  }

  async put(request: FastifyRequest, { write, dryRun }: PutSteps): Promise<Answer> {
    const { wait, dryRun: asked } = queryOf(request, ['wait', 'dryRun'])
    const waitMs = parseWait(wait) ?? DEFAULT_WAIT
    if (isDryRun(asked)) return dryRun(callOf(request), askedPartsOf(request))
    return this.#answer(request, waitMs, (task) => write(task, waitMs, requestKeyOf(request)))
  }

  async delete(
    request: FastifyRequest,
    write: (task: RunningTask, waitMs: number) => Promise<Answer>,
  ): Promise<Answer> {
    const waitMs = parseWait(queryOf(request, ['wait']).wait) ?? DEFAULT_WAIT
    return this.#answer(request, waitMs, (task) => write(task, waitMs))
  }

  #answer(request: FastifyRequest, waitMs: number, local: (task: RunningTask) => Promise<Answer>): Promise<Answer> {
    return this.owners.answer(BROADCASTER, callOf(request), local, { waitMs })
  }
}
