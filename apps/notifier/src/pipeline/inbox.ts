import type { News } from './news'

/**
 * What the inbox keeps of an object: the newest event it has taken. Events of an object come in order, and later
 * incarnations have higher numbers, so this says of every event whether it has been seen, in a space bounded by the
 * objects.
 */
export interface InboxMark {
  readonly incarnation: number
  readonly revision: number
}

export type Arrival =
  | { readonly seen: true }
  /**
   * `missed`: revisions of this incarnation that never came (the sink is compacted). Only counted: the current
   * record is the whole view.
   */
  | { readonly seen: false; readonly missed: number }

/** First stage: has this event been here before? */
export function inbox(news: News, mark: InboxMark | undefined): Arrival {
  if (!mark) return { seen: false, missed: 0 }
  if (news.incarnation < mark.incarnation) return { seen: true }
  if (news.incarnation > mark.incarnation) return { seen: false, missed: Math.max(0, news.revision - 1) }
  if (news.revision <= mark.revision) return { seen: true }
  return { seen: false, missed: news.revision - mark.revision - 1 }
}
