export { type Case, eventsOf, linesOf, policiesOf, readCases, eventText as told } from './case-file'
export { type EventLine, parseOutput, type ScenarioLine, simulate, toJsonLines } from './scenario'
export { sinkEvents } from './sink'
export { recordsOf, TestTask } from './test-task'
