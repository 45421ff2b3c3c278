export type {
  DeliveriesPage,
  Delivery,
  DeliveryStatus,
  InhibitionAnswer,
  InhibitionInput,
  LeftOutEntry,
  MatchersInput,
  OutboxDepth,
  ReceiverAnswer,
  ReceiverInput,
  RouteInput,
  RoutesAnswer,
  RouteTrial,
  SilenceAnswer,
  SilenceInput,
  SilencePreview,
  TemplatePreview,
  TestedEndpoint,
} from '@quorate/contracts'

/** A change that might come. */
export interface RouteChange {
  readonly object: string
  readonly state: string | null
  readonly from?: string | null
  readonly cause?: string
  readonly policy?: string
  readonly flapping?: boolean
  /** What the receivers were last told of it. */
  readonly told?: string | null
}

export interface DeliveryFilter {
  readonly object?: string
  readonly receiver?: string
  /** `sent`, `held`, `suppressed`, `suppressed: quiet`, `gathered`, `pending`, `delivered`, `dead`, `dropped` */
  readonly status?: string
  readonly limit?: number
  readonly cursor?: string
}
