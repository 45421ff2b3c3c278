import { openEmbeddedLog } from '@quorate/log/embedded'
import { describeCluster } from './cluster.conformance'

describe('a cluster on the embedded log', () => {
  describeCluster(async () => ({
    brokers: 'unused:1',
    prefix: 'quorate',
    shared: await openEmbeddedLog({ memory: true }),
  }))
})
