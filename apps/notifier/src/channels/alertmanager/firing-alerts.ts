import type { ActiveAlerts } from '../channel'
import type { Alert } from './alert'

interface Fired {
  readonly partition: number
  readonly alert: Alert
}

/** The alerts that fire, by object: what the store has of the tasks that run here. */
export class FiringAlerts implements ActiveAlerts {
  private readonly alerts = new Map<string, Fired>()

  /** @param changed called when there begins to be something, and when there is nothing any more */
  constructor(private readonly changed: (some: boolean) => void) {}

  get(object: string): Alert | undefined {
    return this.alerts.get(object)?.alert
  }

  *all(): IterableIterator<Alert> {
    for (const { alert } of this.alerts.values()) yield alert
  }

  put(partition: number, object: string, standing: string | undefined): void {
    if (standing === undefined) this.alerts.delete(object)
    else this.alerts.set(object, { partition, alert: JSON.parse(standing) as Alert })
    this.changed(this.alerts.size > 0)
  }

  drop(partition: number): void {
    for (const [object, one] of this.alerts) if (one.partition === partition) this.alerts.delete(object)
    this.changed(this.alerts.size > 0)
  }
}
