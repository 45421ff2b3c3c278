import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { describeReshard } from './reshard.conformance'

describeReshard(
  'the embedded log',
  async (dir) => {
    await mkdir(join(dir, 'log'))
    return openEmbeddedLog({ dir: join(dir, 'log') })
  },
  (log, topic, partition, before) => (log as EmbeddedLog).truncate(topic, partition, before),
)
