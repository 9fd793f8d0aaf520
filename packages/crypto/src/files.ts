/**
 * Durable, private files on the disk of this machine. Node only.
 *
 * @module
 */
import { createDurableFiles } from './files/durable-files.ts'
import { nodeDisk } from './files/node-disk.ts'

export type { Disk, DiskEntry, DiskFile } from './files/disk.ts'
export { createDurableFiles, type DurableFiles, type WriteFileOptions } from './files/durable-files.ts'
export { nodeDisk } from './files/node-disk.ts'

/** See {@link DurableFiles}. */
export const { writeFileDurable, readPrivateFile, makePrivateFolder, removeDurable, sweepTemporaryFiles } =
  createDurableFiles(nodeDisk)
