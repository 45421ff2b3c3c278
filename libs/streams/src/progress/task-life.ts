import type { TaskState } from '../streams'

/**
 *            fence, read the truth          restored, source offset checked
 *   created ───────────────────▶ restoring ────────────────────────────▶ running
 *      │                          │     ▲                                  │  │
 *      │                          │     └── outcome unknown, log away: ────┘  │
 *      │                          │         fence again, read the truth       │
 *      └──────────▶ closed ◀──────┴───────────────────────────────────────────┘
 *                      revoked, fenced by another, stopped
 */
export const TASK_TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  created: ['restoring', 'closed'],
  restoring: ['running', 'restoring', 'closed'],
  running: ['restoring', 'closed'],
  closed: [],
}

export function checkTransition(from: TaskState, to: TaskState): void {
  if (!TASK_TRANSITIONS[from].includes(to)) throw new Error(`a task cannot go from ${from} to ${to}`)
}
