import { openEmbeddedLog } from '@quorate/log/embedded'
import { describeSkipping } from './skipping.conformance'

jest.setTimeout(60_000)

describeSkipping('the embedded log', () => openEmbeddedLog({ memory: true }))
