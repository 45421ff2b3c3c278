import type { Policy, Snapshot } from '@quorate/contracts'
import { AGENTS, pageKey, POLICIES, TABLE } from '../tables'
import type { AgentWeight, ReadRows, Settings } from '@quorate/vote'
import type { HotObject } from './hot-object'
import { LAYOUT } from './object-codec'
import { storedObject } from './stored-object'

/** Rows of another layout belong to another version of the program, which must read its snapshot first. */
export function refusedLayout(layout: number): string | undefined {
  return layout === LAYOUT
    ? undefined
    : `the snapshot has rows of layout ${layout}, this program reads layout ${LAYOUT}`
}

/** Puts a policy or an agent's settings into force; returns false for other rows. */
export function importSetting(settings: Settings, key: string, value: Buffer): boolean {
  if (key.startsWith(POLICIES)) settings.setPolicy(JSON.parse(value.toString('utf8')) as Policy)
  else if (key.startsWith(AGENTS)) {
    const { weight, muted } = JSON.parse(value.toString('utf8')) as AgentWeight
    settings.setAgent(key.slice(AGENTS.length), weight, muted)
  } else return false
  return true
}

/** Reads a snapshot into memory, for `simulate`: pages of reports are kept until their object's row comes. */
export class SnapshotRows implements ReadRows {
  readonly #pages = new Map<string, Buffer>()
  readonly #policies: boolean

  /** `policies` false: the policies of the snapshot are ignored, because others are in force. */
  constructor({ policies }: { readonly policies: boolean }) {
    this.#policies = policies
  }

  refuses(layout: number): string | undefined {
    return refusedLayout(layout)
  }

  objects(rows: Snapshot['rows'], settings: Settings): readonly HotObject[] {
    const whole: HotObject[] = []
    for (const [table, key, base64] of rows) {
      const value = Buffer.from(base64, 'base64')
      if (table === TABLE.agents) this.#pages.set(key, value)
      else if (table === TABLE.settings) {
        if (this.#policies || !key.startsWith(POLICIES)) importSetting(settings, key, value)
      } else if (table === TABLE.object) whole.push(this.#whole(key, value, settings))
    }
    return whole
  }

  #whole(id: string, value: Buffer, settings: Settings): HotObject {
    const object = storedObject(id, value, settings, () => this.#pages)
    for (let page = 1; page <= object.storedPages; page++) this.#pages.delete(pageKey(id, page))
    return object
  }
}
