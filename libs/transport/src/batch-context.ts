import { BaseRpcContext } from '@nestjs/microservices'
import type { Offset } from '@quorate/log'
import type { TaskBatch, TaskContext } from '@quorate/streams'

/** What a handler gets in addition to its batch. */
export class BatchContext extends BaseRpcContext<[TaskContext, TaskBatch]> {
  /** Tables, outputs and cuts of the batch's task. */
  get task(): TaskContext {
    return this.args[0]
  }

  get partition(): number {
    return this.args[0].partition
  }

  /** Offset of the batch's first record, or its end if it has none. */
  get position(): Offset {
    return this.args[1].records[0]?.offset ?? this.args[1].next
  }
}
