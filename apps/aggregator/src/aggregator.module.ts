import { type DynamicModule, Module } from '@nestjs/common'
import { AggregatorBatchesController } from './batches.controller'
import { AgentsController } from './http/agents.controller'
import { BroadcastRequests } from './http/broadcast-requests'
import { ClusterController } from './http/cluster.controller'
import { DeadLettersController } from './http/dead-letters.controller'
import { ObjectWritesController } from './http/object-writes.controller'
import { ObjectsController } from './http/objects.controller'
import { PartitionsController } from './http/partitions.controller'
import { PoliciesController } from './http/policies.controller'
import { ReportsController } from './http/reports.controller'
import { StatesStreamController } from './http/states-stream.controller'

/** The aggregator as a part of a Nest application. */
@Module({})
export class AggregatorModule {
  /**
   * `parts`: what the controllers are given, each under its class. Nest refuses to start where one is missing, and
   * names it.
   */
  static register(parts: readonly object[]): DynamicModule {
    return {
      module: AggregatorModule,
      controllers: [
        AggregatorBatchesController,
        ObjectsController,
        ObjectWritesController,
        ReportsController,
        PoliciesController,
        AgentsController,
        StatesStreamController,
        ClusterController,
        DeadLettersController,
        PartitionsController,
      ],
      providers: [BroadcastRequests, ...parts.map((part) => ({ provide: part.constructor, useValue: part }))],
    }
  }
}
