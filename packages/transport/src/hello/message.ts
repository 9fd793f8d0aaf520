import { concatBytes, decodeCanonical, encodeCanonical, isBitdustError, u32be } from '@bitdust/crypto'
import { MAX_IDENTITY_BYTES } from '@bitdust/identity'
import * as v from 'valibot'
import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { readLengthPrefixed } from '../packet/frame.ts'

// One frame each way: length u32 BE, then canonical CBOR { v: 1, identity: bytes, nonce: 16 bytes }, or, as the answer
// of somebody who refuses, { v: 1, code: text, message: text }.

export const HELLO_VERSION = 1
export const HELLO_NONCE_BYTES = 16
/** An identity document and the few bytes around it. */
const MAX_HELLO_BYTES = MAX_IDENTITY_BYTES + 256
const MAX_MESSAGE_CHARACTERS = 500

/** What one side says of itself. The channel already proved the device; the document names it. */
export interface Hello {
  /** The identity document, as published. */
  readonly identity: Uint8Array
  /** 16 random bytes. Both nonces together name the connection. */
  readonly nonce: Uint8Array
}

/** The answer of a peer that does not want to talk. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

const helloSchema = v.strictObject({
  v: v.literal(HELLO_VERSION),
  identity: v.pipe(v.instance(Uint8Array), v.maxLength(MAX_IDENTITY_BYTES)),
  nonce: v.pipe(v.instance(Uint8Array), v.length(HELLO_NONCE_BYTES)),
})

const refusalSchema = v.strictObject({
  v: v.literal(HELLO_VERSION),
  code: v.pipe(v.string(), v.maxLength(64)),
  message: v.pipe(v.string(), v.maxLength(MAX_MESSAGE_CHARACTERS)),
})

export async function writeHello(stream: ByteStream, { identity, nonce }: Hello): Promise<void> {
  await writeMessage(stream, encodeCanonical({ v: HELLO_VERSION, identity, nonce }))
}

export async function writeRefusal(stream: ByteStream, { code, message }: Refusal): Promise<void> {
  const text = message.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed()
  await writeMessage(stream, encodeCanonical({ v: HELLO_VERSION, code, message: text }))
}

async function writeMessage(stream: ByteStream, encoded: Uint8Array): Promise<void> {
  await stream.write(concatBytes(u32be(encoded.length), encoded))
}

/** @throws {TransportError} `PacketMalformed`, also when the peer says nothing. */
export async function readHello(stream: ByteStream): Promise<Hello | Refusal> {
  const encoded = await readLengthPrefixed(stream, MAX_HELLO_BYTES)
  if (encoded === null) throw new TransportError('PacketMalformed', 'peer closed the stream instead of saying hello')
  const result = v.safeParse(v.union([helloSchema, refusalSchema]), decode(encoded))
  if (result.success) return result.output
  throw new TransportError('PacketMalformed', `hello: ${result.issues[0].message}`)
}

function decode(encoded: Uint8Array) {
  try {
    return decodeCanonical(encoded, { maxBytes: MAX_HELLO_BYTES })
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new TransportError('PacketMalformed', `hello: ${cause.message}`, { cause })
  }
}
