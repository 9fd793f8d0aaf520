import type { Arrow, Snapshot, Table } from '@bitdust/machine'

/** Where a put is. */
export type UploadState = 'idle' | 'reading' | 'sealing' | 'placing' | 'recording' | 'stored' | 'complete' | 'failed'

export type UploadEvent =
  | { readonly type: 'begin' }
  /** The source has ended; blocks are sealed and placed while it is read. */
  | { readonly type: 'read' }
  /** The folders and the last blocks are sealed. */
  | { readonly type: 'sealed' }
  /** Every block stands at H suppliers of the family of the moment. */
  | { readonly type: 'placed' }
  /** H suppliers have the journal entry. */
  | { readonly type: 'recorded' }
  /** The suppliers know a newer family than the one for which the blocks were counted. */
  | { readonly type: 'outdated' }
  /** All that was under way at the other suppliers has ended; `complete`: with success at all n. */
  | { readonly type: 'ended'; readonly complete: boolean }
  | { readonly type: 'failed'; readonly error: unknown }

export type UploadEffect =
  /** Read the source and pack it into blocks. */
  | { readonly type: 'read' }
  /** Seal what is left: files first, then folders from the bottom up. */
  | { readonly type: 'seal' }
  /** Wait for H receipts of every block, and count them in the newest family. */
  | { readonly type: 'place'; readonly again: boolean }
  /** Write the manifest into the journal. */
  | { readonly type: 'record' }
  | { readonly type: 'waitForRest' }
  /** Tell the caller how it ended. */
  | { readonly type: 'report' }
  /** Stop whatever runs, and tell the caller why. */
  | { readonly type: 'abandon'; readonly error: unknown }

type UploadArrow<T extends UploadEvent['type']> = Arrow<
  UploadState,
  null,
  Extract<UploadEvent, { type: T }>,
  UploadEffect
>

const read = (): readonly UploadEffect[] => [{ type: 'read' }]
const seal = (): readonly UploadEffect[] => [{ type: 'seal' }]
const place = (): readonly UploadEffect[] => [{ type: 'place', again: false }]
const placeAgain = (): readonly UploadEffect[] => [{ type: 'place', again: true }]
const record = (): readonly UploadEffect[] => [{ type: 'record' }]
const waitForRest = (): readonly UploadEffect[] => [{ type: 'waitForRest' }]
const report = (): readonly UploadEffect[] => [{ type: 'report' }]
const isComplete = (_: null, event: { readonly complete: boolean }): boolean => event.complete

const fail: readonly UploadArrow<'failed'>[] = [
  { to: 'failed', effects: (_, { error }) => [{ type: 'abandon', error }] },
]

/** One put: blocks at H suppliers, then the manifest in the journal at H, then the rest (design section 4, "Acknowledged"). */
export const uploadTable: Table<UploadState, null, UploadEvent, UploadEffect> = {
  idle: { begin: [{ to: 'reading', effects: read }], failed: fail },
  reading: { read: [{ to: 'sealing', effects: seal }], failed: fail },
  sealing: { sealed: [{ to: 'placing', effects: place }], failed: fail },
  placing: { placed: [{ to: 'recording', effects: record }], failed: fail },
  recording: {
    recorded: [{ to: 'stored', effects: waitForRest }],
    outdated: [{ to: 'placing', effects: placeAgain }],
    failed: fail,
  },
  stored: {
    ended: [
      { to: 'complete', when: isComplete, effects: report },
      { to: 'stored', effects: report },
    ],
  },
  complete: {},
  failed: {},
}

export const uploadStart: Snapshot<UploadState, null> = { state: 'idle', context: null }
