import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytes, choice, struct } from './fields.ts'
import { fingerprint, peerId, timestamp } from './id-fields.ts'
import { MAX_STATEMENT_BYTES } from './limits.ts'

/** Transcript of a key audit. The audited party signs it; nobody ever decrypts what an auditor sends. */
export interface KeyAudit {
  readonly auditor: Fingerprint
  readonly auditorPeer: string
  readonly auditee: Fingerprint
  readonly auditeePeer: string
  /** The key that is audited, and that signs. */
  readonly key: Fingerprint
  /** 32 bytes from the auditor. */
  readonly nonce: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly expires: number
  /** Which half is proven; only the private one is proven by a signature. */
  readonly purpose: 'private'
}

/** Signed by the audited key (role `audited`). */
export const keyAuditRecord: RecordKind<KeyAudit, 'audited'> = defineRecord({
  kind: 'key-audit',
  label: LABELS.keyAudit,
  maxBytes: MAX_STATEMENT_BYTES,
  signers: { audited: { key: 'rsa', name: ({ key }) => key } },
  versions: {
    1: struct<KeyAudit>({
      auditor: fingerprint,
      auditorPeer: peerId,
      auditee: fingerprint,
      auditeePeer: peerId,
      key: fingerprint,
      nonce: bytes(32),
      expires: timestamp,
      purpose: choice('private'),
    }),
  },
})
