/** Smaller ones are made anew each time: they cost little, and would hold memory of the size of the largest. */
const MIN_KEPT_BYTES = 256 * 1024
/** Rooms that are kept for the next blocks. */
const MAX_KEPT = 4

/** Memory for the fragments of blocks, used again. */
export interface FragmentRooms {
  /** At least so many bytes, with anything in them. */
  take(bytes: number): Uint8Array
  /** Nothing of it is used any more. */
  give(room: Uint8Array): void
}

export function createFragmentRooms(): FragmentRooms {
  const kept: Uint8Array[] = []
  return {
    take(bytes) {
      if (bytes < MIN_KEPT_BYTES) return new Uint8Array(bytes)
      const index = kept.findIndex(({ length }) => length >= bytes)
      return index < 0 ? new Uint8Array(bytes) : kept.splice(index, 1)[0]!
    },
    give(room) {
      if (room.length < MIN_KEPT_BYTES) return
      kept.push(room)
      kept.sort((a, b) => b.length - a.length)
      kept.splice(MAX_KEPT)
    },
  }
}
