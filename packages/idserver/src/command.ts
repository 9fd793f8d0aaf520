/**
 * For programs that have a command which runs an ID-server: its options, by `commander`, and the running of it.
 *
 * @packageDocumentation
 */
export { addIdServerOptions, idServerOptions } from './node/command-options.ts'
export { type RunIdServerOptions, runIdServer } from './node/run-id-server.ts'
