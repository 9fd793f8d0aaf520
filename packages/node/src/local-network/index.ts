/**
 * A whole BitDust network on this machine, every node a process of its own: for trying out and for tests.
 *
 * @packageDocumentation
 */
export {
  LOCAL_DEFAULTS,
  type LocalNetwork,
  type LocalNetworkOptions,
  type LocalNode,
  prepareFolder,
  startLocalNetwork,
} from './local-network.ts'
export { BITDUST_PROGRAM, type NodeProcess, type ReadyLine, startNodeProcess } from './node-process.ts'
export { runCli } from './run-cli.ts'
