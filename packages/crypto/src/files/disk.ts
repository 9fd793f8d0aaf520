/** An open file. The file handles of `node:fs/promises` are such. */
export interface DiskFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  sync(): Promise<void>
  stat(): Promise<DiskEntry>
  close(): Promise<void>
}

/** What is known of a file or folder. */
export interface DiskEntry {
  readonly mode: number
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
}

/**
 * The operations of a file system that durable files need, spelled as in `node:fs/promises`, so that a test can stand
 * between and fail any of them. Errors carry the system's `code` (`ENOSPC`, `ENOENT`, ...).
 */
export interface Disk {
  /** @param flags - Of `node:fs` `constants`. */
  open(path: string, flags: number, mode?: number): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Follows a symbolic link. */
  stat(path: string): Promise<DiskEntry>
  /** Does not follow a symbolic link. */
  lstat(path: string): Promise<DiskEntry>
  /** Makes one folder; `EEXIST` if the name is taken. */
  mkdir(path: string, mode: number): Promise<void>
  readdir(path: string): Promise<readonly string[]>
  /** Makes names that were added to or removed from a folder survive a power cut. */
  syncFolder(path: string): Promise<void>
}
