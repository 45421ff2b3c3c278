import type { Channel, Outcome, Outgoing } from '../src/channels'
import type { ChangeMessage } from '../src/outbox/message'

/** Receives in memory, and answers as it is told; for the pipeline's cases. */
export class RecordingChannel implements Channel {
  readonly concurrency = 8
  readonly received: (Outgoing & { readonly endpoint: string })[] = []
  answer: (outgoing: Outgoing, endpoint: string) => Outcome | Promise<Outcome> = () => ({ kind: 'delivered' })

  constructor(
    readonly name = 'recording',
    /** Takes groups as one message. */
    readonly gathers = false,
  ) {}

  open(settings: unknown) {
    const { endpoint } = settings as { endpoint: string }
    return {
      description: { endpoint },
      fingerprint: endpoint,
      send: async (outgoing: Outgoing) => {
        this.received.push({ ...outgoing, endpoint })
        return this.answer(outgoing, endpoint)
      },
      close: async () => undefined,
    }
  }

  /** `site/x up>down` for each, in order of arrival. */
  told(endpoint?: string): string[] {
    return this.received
      .filter((one) => endpoint === undefined || one.endpoint === endpoint)
      .map(({ message }) => {
        const { object, previous, state, flapping, repeat } = message as ChangeMessage
        const more = [flapping?.phase, repeat === undefined ? undefined : `again ${repeat}`].filter(Boolean)
        return [`${object} ${previous ?? '-'}>${state ?? 'gone'}`, ...more].join(' ')
      })
  }
}

export const receiver = (name: string, ...more: string[]) => ({
  name,
  endpoints: [name, ...more].map((endpoint) => ({ name: endpoint, channel: 'recording', settings: { endpoint } })),
})
