import { Type } from '@sinclair/typebox'
import { ADDRESSES, CLOSED, SECONDS, SECRET, STATES, TEMPLATE, URL_TEXT } from '../settings'

export const ALERTMANAGER_SCHEMA = Type.Object(
  {
    url: URL_TEXT,
    username: Type.Optional(Type.String({ minLength: 1, description: 'the name of a user' })),
    password: Type.Optional(SECRET),
    bearerToken: Type.Optional(SECRET),
    alertName: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'the label alertname, 1–128 characters' }),
    ),
    labels: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }),
        Type.String({ minLength: 1, description: 'the value of a label' }),
        {
          ...CLOSED,
          description: 'a mapping of labels ([a-zA-Z_][a-zA-Z0-9_]*) to values',
        },
      ),
    ),
    resolvedStates: Type.Optional(STATES),
    resendInterval: Type.Optional(SECONDS(1, 3600)),
    endsAfter: Type.Optional(SECONDS(5, 86_400)),
    template: Type.Optional(
      Type.Object(
        { summary: Type.Optional(TEMPLATE), description: Type.Optional(TEMPLATE) },
        { ...CLOSED, description: 'templates: summary, description' },
      ),
    ),
    allowAddresses: Type.Optional(ADDRESSES),
    timeout: Type.Optional(SECONDS(1, 60)),
  },
  { ...CLOSED, description: 'settings of an Alertmanager: url and others, see docs/notify-channels.md' },
)
