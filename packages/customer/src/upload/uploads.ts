import { checkPath, formatVersion } from '@bitdust/identity'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import { MAX_BLOCK_BYTES, manifestRecord } from '@bitdust/records'
import { namesOf } from '../catalog/path-tree.ts'
import { CustomerError, isCustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { AppendedEntry, Journals } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'
import type { RemoteSuppliers, Self } from '../ports.ts'
import type { BlockSender } from './block-sender.ts'
import { type BuiltTree, buildTree } from './build-tree.ts'
import { type UploadEffect, type UploadEvent, uploadStart, uploadTable } from './machine.ts'
import { createPackers } from './packers.ts'
import { createPlacements } from './placements.ts'
import { prepareSource } from './source.ts'
import type { PutOptions, PutProgress, PutResult, PutSource } from './types.ts'

const MIB = 1024 * 1024
/** How long the slowest suppliers are waited for once H have everything, in ms. Repair does what is left. */
const COMPLETING_MS = 30_000
/** How often, and after how many ms each time, an entry is written again because the family is just being changed. */
const OUTDATED_ATTEMPTS = 20
const OUTDATED_PAUSE_MS = 1_000
/** Bytes between two reports of what was read. */
const PROGRESS_STEP_BYTES = MIB

export interface UploadsOptions {
  readonly self: Self
  readonly journals: Journals
  readonly sender: BlockSender
  readonly remotes: RemoteSuppliers
  readonly coder: Coder
  readonly clock: Clock
  readonly onTransition?: MachineObserver
}

/** Stores files and folders. */
export interface Uploads {
  /**
   * Resolves when the put is acknowledged: H suppliers have its blocks and its journal entry. While all suppliers answer
   * it also waits until all have everything.
   *
   * @throws {CustomerError} `PathUnsafe`, `Unauthorized`, `NotFound` (no suppliers, or an empty source), `LimitExceeded`,
   * `UploadIncomplete`, `QuotaExceeded`, `CatalogFreshnessUnknown`, `Cancelled`: nothing is listed then. What the source throws.
   */
  put(location: Location, path: string, source: PutSource, options: PutOptions): Promise<StoredPut>
}

/** A put and the entry that tells of it. */
export interface StoredPut extends Omit<PutResult, 'version'> {
  readonly entry: AppendedEntry['entry']
}

export function createUploads({
  self,
  journals,
  sender,
  remotes,
  coder,
  clock,
  onTransition,
}: UploadsOptions): Uploads {
  async function put(location: Location, path: string, source: PutSource, options: PutOptions): Promise<StoredPut> {
    checkPath(path)
    if (!location.mayWrite(self.fingerprint))
      throw new CustomerError('Unauthorized', `no right to write in ${location.alias}`, { subject: path })
    const { mode = 0o644, mtime = clock.now(), onProgress } = options
    const prepared = prepareSource(source, { mode, mtime })
    let family = await location.family(options)

    const over = new AbortController()
    const signal = AbortSignal.any([options.signal, over.signal])
    const outcome = Promise.withResolvers<StoredPut>()
    const placements = createPlacements({ location, remotes, coder, clock })
    const packers = createPackers({ blockBytes: Math.min(MAX_BLOCK_BYTES, family.body.n * MIB), submit })
    let tree: BuiltTree | undefined
    let appended: AppendedEntry | undefined
    let ended: { readonly complete: boolean; readonly storedBytes: number } | undefined
    let read = 0
    let placed = 0
    let outdated = 0

    async function submit(plaintext: Uint8Array) {
      const { length } = plaintext
      const { sealed, sent } = await sender.submit(location, plaintext, { signal })
      placements.add(sent, () => {
        placed = Math.min(placed + length, read)
        tell({ step: 'placing', done: placed, total: read })
      })
      // The rest of the source need not be read when a block has failed.
      sent
        .then(({ placed: outcomeOfBlock }) => outcomeOfBlock)
        .catch((error) => machine.send({ type: 'failed', error }))
      return { sealed }
    }

    function tell(progress: PutProgress): void {
      onProgress?.(progress)
    }

    function onRead(bytes: number): void {
      if (bytes - read < PROGRESS_STEP_BYTES) return
      read = bytes
      tell({ step: 'reading', done: read, ...(prepared.total === undefined ? {} : { total: prepared.total }) })
    }

    async function step(effect: Exclude<UploadEffect, { type: 'report' | 'abandon' }>): Promise<UploadEvent> {
      switch (effect.type) {
        case 'read':
          tree = await buildTree(prepared, { path, packers, now: clock.now(), signal, onRead })
          read = tree.bytes
          tell({ step: 'reading', done: read, total: read })
          return { type: 'read' }
        case 'seal':
          await packers.finish()
          await tree?.root
          return { type: 'sealed' }
        case 'place':
          await place(effect.again)
          return { type: 'placed' }
        case 'record':
          return record()
        case 'waitForRest':
          return { type: 'ended', complete: await waitForRest() }
      }
    }

    async function place(again: boolean): Promise<void> {
      await placements.placed()
      if (again) await clock.sleep(OUTDATED_PAUSE_MS, signal)
      const newest = await location.family({ signal, fresh: again })
      if (again || newest.hash !== family.hash) await placements.topUp(newest, { signal })
      family = newest
    }

    async function record(): Promise<UploadEvent> {
      tell({ step: 'recording', done: read, total: read })
      const date = clock.now()
      const manifest = await manifestRecord.sign(
        {
          location: location.id,
          writer: self.fingerprint,
          device: self.deviceKey.publicKey.id,
          created: date,
          version: formatVersion(date),
          root: await requireTree().root,
        },
        self.deviceKey,
      )
      const payload = { kind: 'put', path, manifest: manifest.bytes } as const
      try {
        appended = await journals.append(location, { payload, date }, { signal, family })
        return { type: 'recorded' }
      } catch (error) {
        outdated += 1
        if (!isCustomerError(error, 'RecordRollback') || outdated > OUTDATED_ATTEMPTS) throw error
        return { type: 'outdated' }
      }
    }

    /** @returns Whether all n suppliers have everything. */
    async function waitForRest(): Promise<boolean> {
      tell({ step: 'completing', done: read, total: read })
      const enough = new AbortController()
      clock.sleep(COMPLETING_MS, enough.signal).then(
        () => over.abort(new DOMException('H suppliers have everything', 'AbortError')),
        () => {},
      )
      ended = await placements.ended(family)
      const rest = await appended?.rest
      enough.abort()
      return ended.complete && rest?.done.size === family.body.n
    }

    function requireTree(): BuiltTree {
      if (tree !== undefined) return tree
      throw new CustomerError('Cancelled', 'the source was not read')
    }

    function report(): void {
      const { files, folders, bytes } = requireTree()
      const state = machine.snapshot.state === 'complete' ? 'complete' : 'stored'
      if (appended === undefined || ended === undefined) return
      const { storedBytes } = ended
      outcome.resolve({
        path,
        entry: appended.entry,
        files,
        folders,
        bytes,
        blocks: placements.count,
        storedBytes,
        state,
      })
    }

    const machine = createRunner({
      name: 'upload',
      table: uploadTable,
      initial: uploadStart,
      clock,
      async perform(effect: UploadEffect, raise: (event: UploadEvent) => void) {
        if (effect.type === 'report') return report()
        if (effect.type === 'abandon') {
          over.abort(effect.error)
          return outcome.reject(effect.error)
        }
        try {
          raise(await step(effect))
        } catch (error) {
          raise({ type: 'failed', error })
        }
      },
      ...(onTransition === undefined ? {} : { onTransition }),
    })

    const cancel = () => machine.send({ type: 'failed', error: options.signal.reason })
    options.signal.addEventListener('abort', cancel, { once: true })
    try {
      options.signal.throwIfAborted()
      machine.send({ type: 'begin' })
      return await outcome.promise
    } finally {
      options.signal.removeEventListener('abort', cancel)
      void machine.stop()
    }
  }

  return {
    async put(location, path, source, options) {
      try {
        return await put(location, path, source, options)
      } catch (error) {
        throw toCustomerError(error, namesOf(path).at(-1) ?? 'put')
      }
    },
  }
}
