import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { WRITE_PIECE_BYTES } from '../limits.ts'
import type { StreamWatch } from '../stream-watch.ts'
import type { OutgoingBody } from './body.ts'

/**
 * Writes frame and body, piece by piece so that the watch sees progress.
 *
 * @param onPiece - Told before each piece how many bytes of the body the stream has got with it. Before and not after,
 *   because the peer may have them all, and answer, while the last write still waits for room.
 * @throws {TransportError} `PacketMalformed` when the body has another length than declared.
 */
export async function writePacket(
  stream: ByteStream,
  watch: StreamWatch,
  frame: Uint8Array,
  { chunks, length }: OutgoingBody,
  onPiece: (bytes: number) => void = () => {},
): Promise<void> {
  await watch.io(stream.write(frame))
  let given = 0
  let written = 0
  for await (const chunk of chunks) {
    given += chunk.length
    if (given > length) break
    for (let offset = 0; offset < chunk.length; offset += WRITE_PIECE_BYTES) {
      const piece = chunk.subarray(offset, offset + WRITE_PIECE_BYTES)
      written += piece.length
      onPiece(written)
      await watch.io(stream.write(piece))
    }
  }
  if (given !== length) throw new TransportError('PacketMalformed', `body gave ${given} bytes, ${length} were declared`)
}
