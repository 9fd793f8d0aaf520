import { BLOCK_FORM_BYTES } from '@bitdust/records'
import { createByteBudget } from './byte-budget.ts'

/** Memory for one piece. */
export interface PieceBuffer {
  /** Room for the form of a block, and then {@link bytes}. */
  readonly slot: Uint8Array
  /** Where the bytes of the piece go. */
  readonly bytes: Uint8Array
  /** Gives it back; nothing of it may be used any more. Idempotent. */
  readonly release: () => void
}

/** A bounded number of buffers that are used again and again. */
export interface PieceBuffers {
  /** Waits until one is free. What is in it are old bytes. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<PieceBuffer>
}

/** @param bytes - Of one buffer. They are made when they are needed. @param count - Most of them in use. */
export function createPieceBuffers(bytes: number, count: number): PieceBuffers {
  const spare: Uint8Array[] = []
  const places = createByteBudget(count)

  function bufferOf(slot: Uint8Array): PieceBuffer {
    let isReleased = false
    return {
      slot,
      bytes: slot.subarray(BLOCK_FORM_BYTES),
      release() {
        if (isReleased) return
        isReleased = true
        spare.push(slot)
        places.give(1)
      },
    }
  }

  return {
    async acquire(signal) {
      await places.take(1, signal)
      return bufferOf(spare.pop() ?? new Uint8Array(BLOCK_FORM_BYTES + bytes))
    },
  }
}
