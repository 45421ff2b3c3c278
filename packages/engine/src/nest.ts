/** A Nest application of one's own with Quorate in it. */
export { type QuorateApplication, type QuorateOptions, startQuorate } from './application'
export { Quorate } from './quorate'
export { Problem, Public, Requires, type Role } from '@quorate/http'
export { ProblemError, QuorateClient } from '@quorate/client'
