export { type Case, eventsOf, linesOf, policiesOf, readCases, told } from './case-file'
export { type EventLine, parseOutput, type ScenarioLine, simulate, toJsonLines } from './scenario'
export { sinkEvents } from './sink'
export { recordsOf, TestTask } from './test-task'
