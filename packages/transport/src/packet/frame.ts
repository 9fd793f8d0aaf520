import { concatBytes, DEVICE_SIGNATURE_BYTES, type DeviceKey, LABELS, u32be } from '@bitdust/crypto'
import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'

// offset 0: length u32 BE · 4: header, `length` bytes of canonical CBOR · 4 + length: Ed25519 signature, 64 bytes

/** A header with its signature, as it stands on the stream before the body. */
export interface Frame {
  readonly header: Uint8Array
  readonly signature: Uint8Array
}

/** Signs a header and frames it. */
export async function sealFrame(header: Uint8Array, deviceKey: Pick<DeviceKey, 'sign'>): Promise<Uint8Array> {
  return concatBytes(u32be(header.length), header, await deviceKey.sign(LABELS.packet, header))
}

/**
 * Reads one frame. The length is checked before anything of that size is read or allocated.
 *
 * @param maxHeaderBytes - Longest header accepted.
 * @param onStart - Called when the first bytes are there: from here on the peer owes us the rest.
 * @returns `null` when the peer closed its side instead of sending another frame.
 * @throws {TransportError} `PacketMalformed` for a length out of range and for a frame that breaks off.
 */
export async function readFrame(
  stream: ByteStream,
  maxHeaderBytes: number,
  onStart: () => void = () => {},
): Promise<Frame | null> {
  const header = await readLengthPrefixed(stream, maxHeaderBytes, onStart)
  return header === null ? null : { header, signature: await stream.readExactly(DEVICE_SIGNATURE_BYTES) }
}

/** Reads u32be length and so many bytes; errors and result as {@link readFrame}. */
export async function readLengthPrefixed(
  stream: ByteStream,
  maxBytes: number,
  onStart: () => void = () => {},
): Promise<Uint8Array | null> {
  const start = await stream.read(4)
  if (start === null) return null
  onStart()
  const prefix = start.length === 4 ? start : concatBytes(start, await stream.readExactly(4 - start.length))
  const length = new DataView(prefix.buffer, prefix.byteOffset, 4).getUint32(0)
  if (length === 0 || length > maxBytes) {
    throw new TransportError('PacketMalformed', `frame of ${length} bytes, expected 1 to ${maxBytes}`)
  }
  return stream.readExactly(length)
}
