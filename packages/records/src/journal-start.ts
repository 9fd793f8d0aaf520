import { importRsaPublicKey, isBitdustError, type RsaPublicKey } from '@bitdust/crypto'
import { type DeviceCertificate, openCertificate } from '@bitdust/identity'
import type { Opened } from './define-record.ts'
import { invalid, RecordError } from './errors.ts'
import { type JournalEntry, journalEntryRecord } from './journal-entry.ts'

/** Who writes a journal, proven by its first entry. */
export interface JournalAuthor {
  /** The writer's master key. */
  readonly key: RsaPublicKey
  readonly certificate: DeviceCertificate
}

/**
 * Checks the first entry of a journal: its key is the writer's, that key certified the device, the device signed the
 * entry. The certificate may have expired since: that ends new entries, never the validity of old ones.
 *
 * @throws {RecordError} `RecordInvalid` for an entry that is not the first, or with a malformed key or certificate;
 *   `SignatureInvalid` when one of the three does not hold.
 */
export async function verifyJournalStart(first: Opened<JournalEntry>): Promise<JournalAuthor> {
  const { writer, writerKey, certificate: text } = first.body
  if (writerKey === null || text === null) return invalid('journal-entry', 'not the first entry of a journal')
  const key = await importRsaPublicKey(writerKey).catch((cause) =>
    invalid('journal-entry.writerKey', 'malformed', cause),
  )
  if (key.fingerprint !== writer) return refuse("the key is not the writer's")
  const certificate = await openCertificate(text, key).catch(refuseCertificate)
  // Refuses a certificate for another device too: the body names the device that must sign.
  await journalEntryRecord.verify(first, 'device', certificate.deviceKey)
  return { key, certificate }
}

function refuseCertificate(cause: unknown): never {
  if (isBitdustError(cause, 'IdentitySignatureInvalid')) return refuse('the writer did not sign the certificate', cause)
  return invalid('journal-entry.certificate', 'malformed', cause)
}

function refuse(problem: string, cause?: unknown): never {
  throw new RecordError('SignatureInvalid', `journal-entry: ${problem}`, { subject: 'journal-entry', cause })
}
