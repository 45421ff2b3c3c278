import type { View } from '@quorate/contracts'
import type { ChangeMessage, NoticeMessage } from '../src/outbox/message'
import { T0, view } from './changes'

export function message(object: string, more: Partial<ChangeMessage> = {}, of: Partial<View> = {}): ChangeMessage {
  return {
    kind: 'change', event: `${object}@0.2`, type: 'object.changed', time: T0, object, state: 'down', cause: 'vote',
    view: view(object, 'down', of), previous: 'up', lasted: 30_000, ...more,
  } // prettier-ignore
}

export const notice: NoticeMessage = {
  kind: 'notice', event: 'msg_x/http-410', time: T0, endpoint: 'ops', reason: 'http-410', delivery: 'msg_x', object: 'site/x',
} // prettier-ignore
