import { alertmanager } from './alertmanager/channel'
import type { Channel } from './channel'
import { chat } from './chat/channel'
import { console } from './console/channel'
import { email } from './email/channel'
import { pagerduty } from './pagerduty/channel'
import { webhook } from './webhook/channel'

export * from './channel'

/** The registry: one line a channel. */
const ALL: readonly Channel[] = [console, webhook, email, chat, alertmanager, pagerduty]

export const CHANNELS: ReadonlyMap<string, Channel> = new Map(ALL.map((channel) => [channel.name, channel]))
