import { encodeWireView, type ObjectId } from '@quorate/contracts'
import { Answer, json, Problem } from '@quorate/http'
import type { Owners, Stale } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import { entityTag, matchesRead, type Tags, type Version } from './entity-tag'
import { refuseImport } from './importing'
import type { Reading, Seen } from './reading'
import { type Bound, upTo } from './waiting'

export interface ReadOptions extends Bound {
  readonly ifNoneMatch?: Tags | undefined
  /** A standby may answer. */
  readonly stale?: Stale | undefined
}

export const versionOf = ({ view, overrides }: Seen): Version => ({
  incarnation: view.incarnation,
  version: view.version,
  overrides,
  revision: view.revision,
})

/** Point reads, at the owner. */
export class Objects {
  constructor(
    private readonly reading: Reading,
    private readonly owners: Owners,
  ) {}

  async get(task: RunningTask, id: ObjectId, { bound, waitMs, ifNoneMatch }: ReadOptions): Promise<Answer> {
    await upTo(task, bound, waitMs)
    const seen = this.reading.object(task, id)
    if (!seen) throw this.#missing(task, id)
    const version = versionOf(seen)
    if (ifNoneMatch && matchesRead(ifNoneMatch, version))
      return new Answer(304, { ...this.owners.freshness(task), etag: entityTag(version) })
    return this.shown(task, seen)
  }

  async explanation(task: RunningTask, id: ObjectId, { bound, waitMs }: ReadOptions): Promise<Answer> {
    await upTo(task, bound, waitMs)
    return this.#text(task, id, this.reading.explanation(task, id))
  }

  async history(task: RunningTask, id: ObjectId, { bound, waitMs }: ReadOptions): Promise<Answer> {
    await upTo(task, bound, waitMs)
    return this.#text(task, id, this.reading.history(task, id))
  }

  /** 200 with the view. */
  shown(task: RunningTask, seen: Seen, headers: Readonly<Record<string, string>> = {}): Answer {
    return json(200, encodeWireView(seen.view), {
      ...this.owners.freshness(task),
      etag: entityTag(versionOf(seen)),
      ...headers,
    })
  }

  #text(task: RunningTask, id: ObjectId, text: string | undefined): Answer {
    if (text === undefined) throw this.#missing(task, id)
    return json(200, text, this.owners.freshness(task))
  }

  #missing(task: RunningTask, id: ObjectId): Problem {
    refuseImport(task)
    return new Problem('not-found', `There is no object ${JSON.stringify(id)}.`, {
      headers: this.owners.freshness(task),
    })
  }
}
