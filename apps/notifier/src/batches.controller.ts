import { Controller, UseFilters } from '@nestjs/common'
import { Ctx, EventPattern, Payload } from '@nestjs/microservices'
import type { Offset } from '@quorate/log'
import type { TaskBatch } from '@quorate/streams'
import { BatchContext, PropagateErrors } from '@quorate/transport'
import { Notifier } from './notifier'

/** Takes the changes of the sink, whole batches of one partition, to the processor. */
@Controller()
@UseFilters(PropagateErrors)
export class NotifierBatchesController {
  constructor(private readonly notifier: Notifier) {}

  @EventPattern<string>('states')
  states(@Payload() batch: TaskBatch, @Ctx() context: BatchContext): Offset {
    return this.notifier.processor.process(batch, context.task)
  }
}
