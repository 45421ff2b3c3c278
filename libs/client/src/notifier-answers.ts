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
  RouteChange,
  RouteInput,
  RoutesAnswer,
  RouteTrial,
  SilenceAnswer,
  SilenceInput,
  SilencePreview,
  TemplatePreview,
  TestedEndpoint,
} from '@quorate/contracts'

export interface DeliveryFilter {
  readonly object?: string
  readonly receiver?: string
  /** `sent`, `held`, `suppressed`, `suppressed: quiet`, `gathered`, `pending`, `delivered`, `dead`, `dropped` */
  readonly status?: string
  readonly limit?: number
  readonly cursor?: string
}
