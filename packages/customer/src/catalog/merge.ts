import type { Fingerprint } from '@bitdust/crypto'
import { formatVersion } from '@bitdust/identity'
import type { EntryHash } from '@bitdust/records'
import type { KnownEntry } from '../journal/types.ts'
import { historyOf } from './history.ts'
import type { DeleteOperation, Operation, PutOperation, ReleaseOperation } from './operation.ts'
import { createPathTree, joinPath } from './path-tree.ts'

/** Who may do what to whose files. */
export interface Rights {
  /** Whether a delete by one person counts for what another one put. */
  mayDelete(deleter: Fingerprint, author: Fingerprint): boolean
  /** Whether versions which this person releases are gone. */
  mayRelease(writer: Fingerprint): boolean
}

/** A journal entry and what it does. */
export interface MergedEntry {
  readonly entry: KnownEntry
  /** Null: it does nothing that this version understands, but it has its place in time. */
  readonly operation: Operation | null
}

/**
 * What all journals of a location say together. The newest operation that covers a path decides: a put at a path above is
 * a whole tree, a later put below overlays it, a delete hides what its author had merged and may delete, and what
 * the owner released is not there any more. Puts that did not
 * know of each other are all kept.
 */
export interface Catalog {
  /** Puts which decide what is at a path, the strongest first: more than one when they were made without knowing of each other. */
  deciding(path: string): readonly PutOperation[]
  /** All puts at a path or above it, newest first; also those that were replaced or deleted, but none that was released. */
  covering(path: string): readonly PutOperation[]
  /** All puts that were not released. */
  puts(): readonly PutOperation[]
  /** Puts that decide something at a path or anywhere below it. */
  standing(path: string): readonly PutOperation[]
  /** Whether a put at `path` or above was deleted as far as this path is concerned. */
  isDeleted(put: PutOperation, path: string): boolean
  /** Names below a path at which, or below which, something was put or deleted by itself. */
  namesBelow(path: string): readonly string[]
  /** Name of a put as a version of what is at `path`: its date, and `-2`, `-3` for others of the same second. */
  versionOf(put: PutOperation, path: string): string
  /** Whether a put is newer than another one. */
  isNewer(put: PutOperation, other: PutOperation): boolean
  /** Deletes that named something which their author must not delete, and releases by somebody who must not release. */
  readonly ignoredOperations: readonly (DeleteOperation | ReleaseOperation)[]
}

/** Merges the journals of a location. Pure: the same entries give the same catalog in whatever order they come. */
export function merge(entries: readonly MergedEntry[], { mayDelete, mayRelease }: Rights): Catalog {
  const history = historyOf(entries.map(({ entry }) => entry))
  const puts = createPathTree<PutOperation>()
  const deletes = createPathTree<DeleteOperation>()
  const operations = entries.flatMap(({ operation }) => (operation === null ? [] : [operation]))
  const released = new Set<EntryHash>()
  for (const operation of operations) {
    if (operation.kind === 'put') puts.add(operation.path, operation)
    else if (operation.kind === 'delete') deletes.add(operation.path, operation)
    else if (mayRelease(operation.writer)) for (const put of operation.puts) released.add(put)
  }

  function isDeleted(put: PutOperation, path: string): boolean {
    return deletes
      .covering(path)
      .some(({ id, writer }) => history.precedes(put.id, id) && mayDelete(writer, put.writer))
  }

  function newestFirst(a: PutOperation, b: PutOperation): number {
    return history.rank(b.id) - history.rank(a.id)
  }

  function covering(path: string): readonly PutOperation[] {
    return puts
      .covering(path)
      .filter(({ id }) => !released.has(id))
      .sort(newestFirst)
  }

  function deciding(path: string): readonly PutOperation[] {
    const last: PutOperation[] = []
    // Whatever was merged by a put that counts comes after it here, so it is enough to look at those.
    for (const put of covering(path)) {
      if (!last.some(({ id }) => history.precedes(put.id, id)) && !isDeleted(put, path)) last.push(put)
    }
    return last.sort((a, b) => b.path.length - a.path.length || newestFirst(a, b))
  }

  function namesBelow(path: string): readonly string[] {
    return [...new Set([...puts.namesBelow(path), ...deletes.namesBelow(path)])]
  }

  function standing(path: string): readonly PutOperation[] {
    return [...deciding(path), ...namesBelow(path).flatMap((name) => standing(joinPath(path, name)))]
  }

  return {
    deciding,
    covering,
    puts: () => operations.filter((one) => one.kind === 'put').filter(({ id }) => !released.has(id)),
    isDeleted,
    standing,
    namesBelow,
    versionOf(put, path) {
      const second = secondOf(put)
      // Released ones count too, so that no name changes.
      const earlier = puts.covering(path).filter((other) => secondOf(other) === second && other.id < put.id)
      return formatVersion(put.date, earlier.length + 1)
    },
    isNewer: (put, other) => history.rank(put.id) > history.rank(other.id),
    get ignoredOperations() {
      return operations.filter(isIgnored)
    },
  }

  function isIgnored(operation: Operation): operation is DeleteOperation | ReleaseOperation {
    if (operation.kind === 'put') return false
    if (operation.kind === 'release') return !mayRelease(operation.writer)
    const { id, path, writer } = operation
    const named = puts.covering(path).filter((put) => history.precedes(put.id, id))
    return named.length > 0 && named.every((put) => !mayDelete(writer, put.writer))
  }
}

/** Names of versions tell the time to the second. */
function secondOf({ date }: PutOperation): number {
  return Math.floor(date / 1000)
}
