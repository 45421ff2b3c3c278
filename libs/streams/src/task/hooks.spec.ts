import { describeHooks } from './hooks.conformance'

describeHooks('the embedded log')
