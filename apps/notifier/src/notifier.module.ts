import { type DynamicModule, Inject, Module, type OnModuleDestroy } from '@nestjs/common'
import type { Owners } from '@quorate/http'
import { NotifierBatchesController } from './batches.controller'
import { Deliveries } from './http/deliveries'
import { DeliveriesController } from './http/deliveries.controller'
import { ReceiversController } from './http/receivers.controller'
import { Notifier } from './notifier'

export interface NotifierModuleOptions {
  readonly notifier: Notifier
  /** Who answers for the partitions of the notifier. */
  readonly owners: Owners
}

/** The notifier as a part of a Nest application. */
@Module({})
export class NotifierModule implements OnModuleDestroy {
  constructor(@Inject(Notifier) private readonly notifier: Notifier) {}

  static register({ notifier, owners }: NotifierModuleOptions): DynamicModule {
    return {
      module: NotifierModule,
      controllers: [NotifierBatchesController, DeliveriesController, ReceiversController],
      providers: [
        { provide: Notifier, useValue: notifier },
        { provide: Deliveries, useValue: new Deliveries(owners, notifier.courier) },
      ],
    }
  }

  /** Before the transports close: what has been sent must still be written. */
  async onModuleDestroy(): Promise<void> {
    await this.notifier.close()
  }
}
