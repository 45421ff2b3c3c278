import { Type } from '@sinclair/typebox'
import { MATCHERS_SCHEMA, type RouteInput, ROUTE_TREE } from '../notify'
import {
  closed,
  COUNT,
  described,
  FLAG,
  OBJECT_TEXT,
  oneOf,
  orNull,
  type Shape,
  STATE_NAME,
  TEXT,
  WHEN,
} from '../shape'
import { COMPLETE, FAULT } from './common'

const FAULTS = Type.Array(FAULT)
export const LEFT_OUT_ENTRY = closed(
  { name: TEXT, faults: FAULTS },
  {
    $id: 'LeftOutEntry',
    description:
      'A stored entry that does not pass: it is not in force, or not all of it. Write it again or delete it.',
  },
)
export type LeftOutEntry = Shape<typeof LEFT_OUT_ENTRY>

export const ENDPOINT_ANSWER = closed(
  {
    name: TEXT,
    channel: TEXT,
    settings: Type.Unsafe<Record<string, unknown>>(
      Type.Object({}, { additionalProperties: true, description: 'No secret, and no path of an address.' }),
    ),
    waiting: described(COUNT, 'Objects of which something waits to be sent, in this instance.'),
    depth: described(COUNT, 'Deliveries in the outboxes of this instance.'),
    oldest: orNull(WHEN, 'When the oldest of those in memory was planned.'),
    failingSince: orNull(WHEN, 'Since when nothing has been accepted there.'),
    underWay: COUNT,
    circuit: oneOf(['closed', 'open']),
    refusal: orNull(TEXT, 'Why nothing is sent there any more.'),
  },
  { $id: 'Endpoint' },
)

export const RECEIVER_ANSWER = closed(
  {
    name: TEXT,
    configured: described(FLAG, 'False: built in, or from the settings of the process.'),
    faults: Type.Optional(described(FAULTS, 'Of what is stored: endpoints that are at fault wait.')),
    fallback: orNull(TEXT),
    endpoints: Type.Array(ENDPOINT_ANSWER),
  },
  { $id: 'Receiver' },
)
export type ReceiverAnswer = Shape<typeof RECEIVER_ANSWER>
export const RECEIVER_LIST = closed(
  { items: Type.Array(RECEIVER_ANSWER), leftOut: Type.Array(LEFT_OUT_ENTRY) },
  { $id: 'ReceiverList' },
)

export const TESTED_ENDPOINT = closed(
  {
    endpoint: TEXT,
    message: oneOf(['alarm', 'recovery']),
    outcome: described(TEXT, '`delivered`, or why not.'),
    status: Type.Optional(Type.Integer()),
    excerpt: Type.Optional(TEXT),
    note: Type.Optional(described(TEXT, 'What else there is to know: a template that failed.')),
    remedy: Type.Optional(described(TEXT, 'What can be done where it was not delivered.')),
  },
  { $id: 'TestedEndpoint' },
)
export type TestedEndpoint = Shape<typeof TESTED_ENDPOINT>
export const RECEIVER_TEST = closed({ items: Type.Array(TESTED_ENDPOINT) }, { $id: 'ReceiverTest' })

export const ROUTES_ANSWER = closed(
  {
    configured: described(FLAG, 'False: the tree is the built-in one.'),
    root: Type.Unsafe<RouteInput>(ROUTE_TREE),
    faults: Type.Optional(described(FAULTS, 'Of what is stored: routes that are left out.')),
  },
  { $id: 'Routes' },
)
export type RoutesAnswer = Omit<Shape<typeof ROUTES_ANSWER>, 'root'> & { readonly root: RouteInput }

export const ROUTE_TRIAL = closed(
  {
    receiver: TEXT,
    route: TEXT,
    via: Type.Array(closed({ route: TEXT, match: MATCHERS_SCHEMA }, { $id: 'RouteStep' })),
    endpoints: Type.Array(closed({ name: TEXT, channel: TEXT }, { $id: 'RoutedEndpoint' })),
    decision: oneOf(['sent', 'held', 'suppressed']),
    reason: orNull(TEXT),
    by: orNull(TEXT, '`silence/<id>` or `inhibition/<name>`.'),
    heldFor: orNull(Type.Number(), 's until it would be looked at again.'),
  },
  { $id: 'RouteTrial' },
)
export type RouteTrial = Shape<typeof ROUTE_TRIAL>
export const ROUTES_TEST = closed({ items: Type.Array(ROUTE_TRIAL) }, { $id: 'RoutesTest' })

export const SILENCE_ANSWER = closed(
  {
    id: TEXT,
    match: MATCHERS_SCHEMA,
    startsAt: WHEN,
    endsAt: WHEN,
    author: TEXT,
    comment: TEXT,
    status: oneOf(['pending', 'active', 'ended']),
  },
  { $id: 'Silence' },
)
export type SilenceAnswer = Shape<typeof SILENCE_ANSWER>
export const SILENCE_LIST = closed(
  { items: Type.Array(SILENCE_ANSWER), leftOut: Type.Array(LEFT_OUT_ENTRY) },
  { $id: 'SilenceList' },
)

export const SILENCE_PREVIEW = closed(
  {
    items: Type.Array(closed({ object: OBJECT_TEXT, state: STATE_NAME, waiting: FLAG }, { $id: 'SilencedObject' })),
    total: described(COUNT, 'All that it would be over; the list ends at 1,000.'),
    ...COMPLETE,
  },
  { $id: 'SilencePreview' },
)
export type SilencePreview = Shape<typeof SILENCE_PREVIEW>

export const INHIBITION_ANSWER = closed(
  {
    name: TEXT,
    parent: OBJECT_TEXT,
    states: Type.Array(STATE_NAME),
    dependants: Type.Array(TEXT),
    active: described(FLAG, 'The parent is in one of the states.'),
  },
  { $id: 'Inhibition' },
)
export type InhibitionAnswer = Shape<typeof INHIBITION_ANSWER>
export const INHIBITION_LIST = closed(
  { items: Type.Array(INHIBITION_ANSWER), leftOut: Type.Array(LEFT_OUT_ENTRY) },
  { $id: 'InhibitionList' },
)

export const TEMPLATE_PREVIEW = closed(
  {
    parts: Type.Record(
      Type.String(),
      closed(
        {
          text: described(TEXT, 'As it would be sent.'),
          builtIn: described(FLAG, 'True: there is no template, or it failed.'),
          error: Type.Optional(described(TEXT, 'Why the template failed.')),
        },
        { $id: 'PreviewedText' },
      ),
    ),
  },
  { $id: 'TemplatePreview' },
)
export type TemplatePreview = Shape<typeof TEMPLATE_PREVIEW>
