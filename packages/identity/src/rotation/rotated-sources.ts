import { MAX_SOURCES } from '../document/limits.ts'
import type { Idurl } from '../names/idurl.ts'
import type { RotationPurpose } from './machine.ts'

/** A move keeps the old primary as a second source: it is how others find the new one. */
const MIN_SERVERS_AFTER_MOVE = 2

/** What {@link rotatedSources} needs. */
export interface SourceChange {
  readonly purpose: RotationPurpose
  /** The source to add. */
  readonly added: Idurl
  /** Sources to leave out. */
  readonly lost: readonly Idurl[]
  readonly isStatic: (source: Idurl) => boolean
}

/**
 * The sources after a rotation. A new server becomes the first; one that only makes up the number comes last. Static
 * hosts stay: what moves by itself comes behind those that the user put first, only his own request goes before them.
 * A move does not make the list longer: the last of the servers goes.
 */
export function rotatedSources(
  sources: readonly Idurl[],
  { purpose, added, lost, isStatic }: SourceChange,
): readonly Idurl[] {
  const kept = sources.filter((source) => source !== added && !lost.includes(source))
  if (purpose === 'add') return [...kept, added]
  const front = purpose === 'request' ? 0 : leading(kept, isStatic)
  const moved = [...kept.slice(0, front), added, ...kept.slice(front)]
  if (purpose === 'replace') return moved
  const servers = kept.filter((source) => !isStatic(source))
  const before = sources.filter((source) => !isStatic(source)).length
  const room = MAX_SOURCES - (kept.length - servers.length) - 1
  const staying = servers.slice(0, Math.min(Math.max(before, MIN_SERVERS_AFTER_MOVE) - 1, room))
  return moved.filter((source) => source === added || isStatic(source) || staying.includes(source))
}

/** How many of the sources, from the first on, are static. */
function leading(sources: readonly Idurl[], isStatic: (source: Idurl) => boolean): number {
  const first = sources.findIndex((source) => !isStatic(source))
  return first < 0 ? sources.length : first
}
