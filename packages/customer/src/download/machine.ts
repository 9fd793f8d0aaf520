import type { Arrow, Snapshot, Table } from '@bitdust/machine'

/** Where reading a file, or walking through a folder, is. */
export type DownloadState = 'idle' | 'reading' | 'complete' | 'left' | 'failed'

export type DownloadEvent =
  | { readonly type: 'begin' }
  /** All bytes were given out. */
  | { readonly type: 'finished' }
  /** The reader wants no more. */
  | { readonly type: 'leave' }
  | { readonly type: 'failed' }

/** `release`: fetches that were begun ahead are given up. */
export type DownloadEffect = { readonly type: 'release' }

type Ending = Arrow<DownloadState, null, DownloadEvent, DownloadEffect>

const release = (): readonly DownloadEffect[] => [{ type: 'release' }]
const end = (to: DownloadState): readonly Ending[] => [{ to, effects: release }]

/** One reading of what is at a path; blocks are fetched as the reader asks for bytes. */
export const downloadTable: Table<DownloadState, null, DownloadEvent, DownloadEffect> = {
  idle: { begin: [{ to: 'reading' }] },
  reading: { finished: end('complete'), leave: end('left'), failed: end('failed') },
  complete: {},
  left: {},
  failed: {},
}

export const downloadStart: Snapshot<DownloadState, null> = { state: 'idle', context: null }
