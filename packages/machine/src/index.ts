/**
 * State machines as data: a table of arrows, a pure `transition`, a printer of diagrams, and one runner that performs effects.
 *
 * @packageDocumentation
 */
export { type Clock, systemClock } from './clock.ts'
export {
  isMachineError,
  MachineError,
  type MachineErrorCode,
} from './errors.ts'
export {
  type DiagramArrow,
  type DiagramTable,
  type MachineDiagram,
  toMermaid,
} from './mermaid.ts'
export {
  createRunner,
  type MachineObserver,
  type PerformContext,
  type Runner,
  type RunnerOptions,
  STOP_LIMIT_MS,
  type StateTimer,
  type Transition,
} from './runner.ts'
export {
  type Arrow,
  type Named,
  type Snapshot,
  type Table,
  transition,
} from './table.ts'
