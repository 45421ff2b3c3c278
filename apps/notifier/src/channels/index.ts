import type { Channel } from './channel'
import { console } from './console/channel'
import { webhook } from './webhook/channel'

export * from './channel'

/** The registry: one line a channel. */
const ALL: readonly Channel[] = [console, webhook]

export const CHANNELS: ReadonlyMap<string, Channel> = new Map(ALL.map((channel) => [channel.name, channel]))
