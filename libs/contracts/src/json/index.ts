/** JSON beyond `JSON.parse`: a door of its own, so that the command line need not load the schemas. */
export * from './depth'
export * from './exact'
export { LIMITS } from '../limits'
