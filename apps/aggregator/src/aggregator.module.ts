import { type DynamicModule, Module } from '@nestjs/common'
import { Owners, PartitionOperations } from '@quorate/routing'
import { AggregatorBatchesController } from './batches.controller'
import { AgentsController } from './http/agents.controller'
import { DeadLetters } from './dead-letters/dead-letters'
import { ClusterController } from './http/cluster.controller'
import { DeadLettersController } from './http/dead-letters.controller'
import { ObjectWritesController } from './http/object-writes.controller'
import { ObjectsController } from './http/objects.controller'
import { PartitionsController } from './http/partitions.controller'
import { PoliciesController } from './http/policies.controller'
import { ReportsController } from './http/reports.controller'
import { StatesStreamController } from './http/states-stream.controller'
import { OpenStreams } from './http/stream/open-streams'
import { VoteProcessor } from '@quorate/engine/core'
import { Cluster } from './queries/cluster'
import { DryRuns } from './queries/dry-runs'
import { Listing } from './queries/listing'
import { Objects } from './queries/objects'
import { Settings } from './queries/settings'
import { Writes } from './queries/writes'
import { Answers } from './requests/answers'

/** What the module's controllers are given. */
export interface AggregatorProviders {
  readonly processor: VoteProcessor
  readonly owners: Owners
  readonly objects: Objects
  readonly listing: Listing
  readonly writes: Writes
  readonly settings: Settings
  readonly dryRuns: DryRuns
  readonly cluster: Cluster
  readonly deadLetters: DeadLetters
  readonly answers: Answers
  readonly operations: PartitionOperations
  readonly streams: OpenStreams
}

/** The aggregator as a part of a Nest application. */
@Module({})
export class AggregatorModule {
  static register(parts: AggregatorProviders): DynamicModule {
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
      providers: [
        { provide: VoteProcessor, useValue: parts.processor },
        { provide: Owners, useValue: parts.owners },
        { provide: Objects, useValue: parts.objects },
        { provide: Listing, useValue: parts.listing },
        { provide: Writes, useValue: parts.writes },
        { provide: Settings, useValue: parts.settings },
        { provide: DryRuns, useValue: parts.dryRuns },
        { provide: Cluster, useValue: parts.cluster },
        { provide: Answers, useValue: parts.answers },
        { provide: DeadLetters, useValue: parts.deadLetters },
        { provide: PartitionOperations, useValue: parts.operations },
        { provide: OpenStreams, useValue: parts.streams },
      ],
    }
  }
}
