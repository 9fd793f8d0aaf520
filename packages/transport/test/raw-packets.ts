import { randomBytes } from '@bitdust/crypto'
import type { ByteStream } from '../src/carrier.ts'
import { decodeFailure, FAIL } from '../src/packet/failure.ts'
import { readFrame, sealFrame } from '../src/packet/frame.ts'
import { decodeReplyHeader, encodeRequestHeader, type RequestHeader } from '../src/packet/header.ts'
import { PACKET_PROTOCOL } from '../src/protocols.ts'
import type { TestPeer } from './world.ts'

/** A stream to a peer that greeted us, on which anything may be written. */
export async function rawStream(from: TestPeer, to: TestPeer): Promise<ByteStream> {
  const greeted = from.transport.connected().some(({ peerId }) => peerId === to.ref.peerId)
  if (!greeted) await from.transport.identify(to.ref)
  const signal = AbortSignal.timeout(5_000)
  const connection = await from.carrier.dial(to.ref.peerId, to.carrier.addresses(), { signal })
  return connection.open(PACKET_PROTOCOL, { signal })
}

/** A header that `to` would accept, unless it is changed. */
export function rawHeader(
  from: TestPeer,
  to: TestPeer,
  now: number,
  change: Partial<RequestHeader> = {},
): RequestHeader {
  return {
    command: 'Echo',
    owner: from.ref.fingerprint,
    creator: from.ref.fingerprint,
    device: from.deviceKey.publicKey.id,
    packetId: 'raw',
    date: now,
    expires: now + 300_000,
    remote: { fingerprint: to.ref.fingerprint, peerId: to.ref.peerId },
    nonce: randomBytes(16),
    payload: new Uint8Array(3),
    bodyLength: 0,
    bodyHash: null,
    ...change,
  }
}

/** The header signed by its sender and framed. */
export function rawFrame(from: TestPeer, header: RequestHeader): Promise<Uint8Array> {
  return sealFrame(encodeRequestHeader(header), from.deviceKey)
}

/** Writes bytes and tells how the peer takes them: its command, the code of its Fail, or `reset`. */
export async function outcomeOf(stream: ByteStream, bytes: Uint8Array): Promise<string> {
  try {
    await stream.write(bytes)
    const frame = await readFrame(stream, 100_000)
    if (frame === null) return 'closed'
    const { command, payload, creator } = decodeReplyHeader(frame.header)
    return command === FAIL ? decodeFailure(payload, creator).code : command
  } catch {
    return 'reset'
  }
}
