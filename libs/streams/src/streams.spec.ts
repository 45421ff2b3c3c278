import { describeStreams } from './streams.conformance'

describeStreams('the embedded log')
