import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '@quorate/log'
import { describeLog, type LogUnderTest } from '@quorate/log/testing'
import { EmbeddedLog, openEmbeddedLog } from './index'

const embedded = (log: Log): EmbeddedLog => log as EmbeddedLog

const powers: Omit<LogUnderTest, 'open'> = {
  histories: 40,
  deleteTopic: (log, topic) => embedded(log).deleteTopic(topic),
  truncate: (log, topic, partition, before) => embedded(log).truncate(topic, partition, before),
  expire: async (log, group, memberId) => embedded(log).expireMember(group, memberId),
}

describeLog('embedded, in memory', { open: () => openEmbeddedLog({ memory: true }), ...powers })

describe('in a directory', () => {
  const dir = mkdtempSync(join(tmpdir(), 'embedded-log-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  describeLog('embedded, in a directory', { open: () => openEmbeddedLog({ dir }), ...powers })
})
