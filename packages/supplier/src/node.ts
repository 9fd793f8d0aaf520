/**
 * The fragment store on the disk of this machine. Node only.
 *
 * @packageDocumentation
 */
export { type FileFragmentStoreOptions, fileFragmentStore } from './node/file-fragment-store.ts'
