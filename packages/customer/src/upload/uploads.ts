import { checkPath, formatVersion } from '@bitdust/identity'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import { manifestRecord } from '@bitdust/records'
import { namesOf } from '../catalog/path-tree.ts'
import { CustomerError, isCustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { AppendedEntry, Journals } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'
import type { RemoteSuppliers, Self } from '../ports.ts'
import { createRetainer } from '../reuse/retain-blocks.ts'
import type { ReuseIndex } from '../reuse/reuse-index.ts'
import type { BlockSink, FilledBlock } from './block-packer.ts'
import type { BlockSender } from './block-sender.ts'
import { type BuiltTree, buildTree } from './build-tree.ts'
import { createByteBudget } from './byte-budget.ts'
import { bytesAhead, createCutTable, cutBounds, cutPieces } from './cut-pieces.ts'
import { type UploadEffect, type UploadEvent, uploadStart, uploadTable } from './machine.ts'
import { createPackers } from './packers.ts'
import { createPieceBuffers } from './piece-buffers.ts'
import { createPieceStore } from './piece-store.ts'
import { createPlacements } from './placements.ts'
import { prepareSource } from './source.ts'
import type { UploadMeasure } from './stages.ts'
import type { PutOptions, PutProgress, PutResult, PutSource } from './types.ts'

const MIB = 1024 * 1024
/** How long the slowest suppliers are waited for once H have everything, in ms. Repair does what is left. */
const COMPLETING_MS = 30_000
/** How often, and after how many ms each time, an entry is written again because the family is just being changed. */
const OUTDATED_ATTEMPTS = 20
const OUTDATED_PAUSE_MS = 1_000
/**
 * Longest time from the beginning of a put to its entry, in ms. Suppliers keep for 7 days what no entry refers to yet;
 * then the owner may free it.
 */
const MAX_PUT_MS = 6 * 24 * 3600 * 1000
/** Pieces in memory: read, waiting for an answer of the suppliers, or for their turn to be sealed. */
const MAX_PIECES = 8
/** Small pieces in memory that wait for an answer of the suppliers, in bytes. */
const MAX_WAITING_BYTES = 16 * MIB
/** Bytes between two reports of what was read. */
const PROGRESS_STEP_BYTES = MIB

export interface UploadsOptions {
  readonly self: Self
  readonly journals: Journals
  readonly sender: BlockSender
  readonly index: ReuseIndex
  readonly measure: UploadMeasure
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
  index,
  measure,
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

    const begun = { at: clock.now(), monotonic: clock.monotonic() }
    const over = new AbortController()
    const signal = AbortSignal.any([options.signal, over.signal])
    const outcome = Promise.withResolvers<StoredPut>()
    const placements = createPlacements({ location, remotes, coder, clock })
    const { n } = family.body
    const bounds = cutBounds(n)
    const buffers = createPieceBuffers(bytesAhead(bounds), MAX_PIECES)
    const table = createCutTable(location.secret(1))
    const cut = (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
      cutPieces(measured(chunks), { table, bounds, buffers, signal, measure })
    const sink: BlockSink = { blockBytes: bounds.maxBytes, submit }
    const pieces = createPieceStore({
      sink,
      retainer: createRetainer({ location, remotes, signal, onHeld: (block) => placements.addHeld(block) }),
      ownBlockBytes: bounds.minBytes,
      waiting: createByteBudget(MAX_WAITING_BYTES),
      measure,
      signal,
      digestOf: index.digestsOf(location),
      find: (digest) => index.find(location.id, digest, n),
      onLost: ({ block }) => index.begin(location.id, block, n),
    })
    const packers = createPackers({ sink, cut, store: (piece, packer) => pieces.store(piece, packer) })
    let tree: BuiltTree | undefined
    let appended: AppendedEntry | undefined
    let ended: { readonly complete: boolean; readonly storedBytes: number } | undefined
    let read = 0
    let placed = 0
    let outdated = 0

    async function submit(block: FilledBlock) {
      const length = block.pieces.reduce((sum, piece) => sum + piece.length, 0)
      const { sealed, sent } = await sender.submit(location, block, { signal })
      placements.add(sent, () => {
        for (const { digest } of block.pieces) pieces.placed(digest)
        placed = Math.min(placed + length, read)
        tell({ step: 'placing', done: placed, total: read })
      })
      // The rest of the source need not be read when a block has failed.
      sent
        .then(({ placed: outcomeOfBlock }) => outcomeOfBlock)
        .catch((error) => machine.send({ type: 'failed', error }))
      return { sealed }
    }

    /** What it takes to get the next bytes, whoever gives them. */
    async function* measured(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      const from = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
      try {
        for (;;) {
          const next = await measure('read', 0, async () => from.next())
          if (next.done === true) return
          yield next.value
        }
      } finally {
        await from.return?.()
      }
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
          tree = await buildTree(prepared, {
            path,
            packers,
            cut,
            minPieceBytes: bounds.minBytes,
            now: clock.now(),
            signal,
            onRead,
          })
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
      requireYoung()
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

    /** A machine that sleeps stops the monotonic clock, a wrong time of day the other one: the longer time counts. */
    function requireYoung(): void {
      const took = Math.max(clock.now() - begun.at, clock.monotonic() - begun.monotonic)
      if (took < MAX_PUT_MS) return
      throw new CustomerError(
        'UploadIncomplete',
        `${path}: it took so long that suppliers may not have its blocks any more`,
        {
          subject: path,
          retryable: true,
        },
      )
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
        reused: placements.reused,
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
