import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common'
import { type Owners, PartitionOperations } from '@quorate/routing'
import { NotifierBatchesController } from './batches.controller'
import { Deliveries } from './queries/deliveries'
import { DeliveriesController } from './http/deliveries.controller'
import { Configuring } from './http/configuring'
import { InhibitionsController } from './http/inhibitions.controller'
import { NotifierPartitionsController } from './http/partitions.controller'
import { ReceiversController } from './http/receivers.controller'
import { RoutesController } from './http/routes.controller'
import { SilencePreviews } from './queries/silence-previews'
import { SilencesController } from './http/silences.controller'
import { TemplatesController } from './http/templates.controller'
import { Notifier } from './notifier'
import type { Configuration } from './configuration'

export interface NotifierModuleOptions {
  readonly notifier: Notifier
  readonly configuration: Configuration
  /** Who answers for the partitions of the notifier. */
  readonly owners: Owners
  readonly operations: PartitionOperations
}

/** The notifier as a part of a Nest application. */
@Module({})
export class NotifierModule implements OnModuleDestroy {
  constructor(private readonly notifier: Notifier) {}

  static register({ notifier, configuration, owners, operations }: NotifierModuleOptions): DynamicModule {
    return {
      module: NotifierModule,
      controllers: [
        NotifierBatchesController,
        DeliveriesController,
        ReceiversController,
        RoutesController,
        SilencesController,
        InhibitionsController,
        TemplatesController,
        NotifierPartitionsController,
      ],
      providers: [
        { provide: Notifier, useValue: notifier },
        { provide: PartitionOperations, useValue: operations },
        { provide: Configuring, useValue: new Configuring(configuration) },
        { provide: SilencePreviews, useValue: new SilencePreviews(owners) },
        { provide: Deliveries, useValue: new Deliveries(owners, notifier.courier) },
      ],
    }
  }

  /** Before the transports close: what has been sent must still be written. */
  async onModuleDestroy(): Promise<void> {
    await this.notifier.close()
  }
}
