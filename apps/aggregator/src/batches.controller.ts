import { Controller, UseFilters } from '@nestjs/common'
import { Ctx, EventPattern, Payload } from '@nestjs/microservices'
import type { Offset } from '@quorate/log'
import type { TaskBatch } from '@quorate/streams'
import { BatchContext, PropagateErrors } from '@quorate/transport'
import { VoteProcessor } from '@quorate/engine/core'

/** Takes the reports and commands of the source, whole batches of one partition, to the processor. */
@Controller()
@UseFilters(PropagateErrors)
export class AggregatorBatchesController {
  constructor(private readonly processor: VoteProcessor) {}

  @EventPattern<string>('reports')
  reports(@Payload() batch: TaskBatch, @Ctx() context: BatchContext): Offset {
    return this.processor.process(batch, context.task)
  }
}
