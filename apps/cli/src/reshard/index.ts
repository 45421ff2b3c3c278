export { runReshard, type ReshardOptions } from './reshard'
