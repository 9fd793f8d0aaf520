// Writes test/vectors/messages-v1.json. Run once for each new version of a format, never to make a failing test pass:
// `node --conditions=@bitdust/source packages/shares/test/make-vectors.ts`.
import { writeFileSync } from 'node:fs'
import { type Fingerprint, importRsaPrivateKey, toHex } from '@bitdust/crypto'
import { testKeys } from '@bitdust/testing'
import { publicKeyProof } from '../src/audit/transcript.ts'
import { filesReply, filesRequest, keyRequest, proveKeyRequest, storedGrant } from '../src/protocol/messages.ts'

const [first, second] = ['1a', '2b'].map((byte) => byte.repeat(32)) as [Fingerprint, Fingerprint]
const packet = { grant: Uint8Array.of(1, 2, 3), family: Uint8Array.of(4, 5) }
const question = {
  owner: first,
  alias: 'share_0780f0d64b017303a0d81865eee009f1',
  generation: 3,
  part: 'public',
  nonce: new Uint8Array(32).fill(7),
  expires: 1_789_000_000_000,
} as const
const list = {
  alias: 'group_abc',
  files: [
    { path: 'animals', kind: 'folder', size: 12 },
    { path: 'animals/кот.png', kind: 'file', size: 12 },
  ],
  complete: false,
} as const
const stored = { version: 1, ...packet }
const { publicKey } = await importRsaPrivateKey(testKeys[2048][0])
const peerId = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const parties = { auditor: first, auditorPeer: peerId, auditee: second, auditeePeer: peerId }

/** The file as text. */
export const vectorsText = textOf({
  source: 'formats of @bitdust/shares, version 1; values with "bytes" are byte strings in hex',
  generatedBy: 'test/make-vectors.ts',
  messages: {
    proveKeyRequest: { value: question, hex: toHex(proveKeyRequest.encode(question)) },
    keyRequest: { value: packet, hex: toHex(keyRequest.encode(packet)) },
    filesRequest: { value: list, hex: toHex(filesRequest.encode(list)) },
    filesReply: { value: { opened: true }, hex: toHex(filesReply.encode({ opened: true })) },
    storedGrant: { value: stored, hex: toHex(storedGrant.encode(stored)) },
  },
  publicKeyProof: {
    publicKey: publicKey.toOpenSsh(),
    parties,
    hex: toHex(publicKeyProof(publicKey, parties, question)),
  },
})

if (import.meta.main) writeFileSync(new URL('vectors/messages-v1.json', import.meta.url), vectorsText)

function textOf(vectors: object): string {
  const hex = (_: string, value: unknown) => (value instanceof Uint8Array ? { bytes: toHex(value) } : value)
  return `${JSON.stringify(vectors, hex, 2)}\n`
}
