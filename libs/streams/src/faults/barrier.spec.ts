import { describeBarrier } from './barrier.conformance'

describeBarrier('the embedded log')
