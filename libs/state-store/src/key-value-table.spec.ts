import { openEmbeddedLog } from '@quorate/log/embedded'
import { describeKeyValueTable } from './key-value-table.conformance'

describeKeyValueTable('the embedded log', () => openEmbeddedLog({ memory: true }))
