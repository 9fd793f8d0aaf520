/**
 * Every signed statement that BitDust nodes store or exchange: one codec, one version rule, limits.
 *
 * @packageDocumentation
 */
export { type AccessProof, accessProofRecord } from './access-proof.ts'
export { type BlockRecord, blockIdOf, blockRecordField } from './block.ts'
export { type Contract, contractRecord } from './contract.ts'
export {
  defineRecord,
  type Opened,
  type RecordDefinition,
  type RecordKind,
  type Signer,
  type SigningKey,
  type VerifyingKey,
} from './define-record.ts'
export {
  type EnrolledKey,
  type EnrolmentAnswer,
  type EnrolmentGift,
  type EnrolmentPlace,
  enrolmentAnswerRecord,
  openEnrolmentGift,
  sealEnrolmentGift,
  type VerifiedEnrolmentAnswer,
  verifyEnrolmentAnswer,
} from './enrolment-answer.ts'
export { enrolmentCode, enrolmentCodeBytes, enrolmentWordsHash, parseEnrolmentCode } from './enrolment-code.ts'
export {
  type EnrolmentLetter,
  type EnrolmentPurpose,
  enrolmentAddress,
  enrolmentLetterRecord,
  openEnrolmentLetter,
  requireFreshLetter,
  sealEnrolmentLetter,
} from './enrolment-letter.ts'
export {
  type EnrolmentRequest,
  enrolmentHash,
  enrolmentRequestRecord,
  type VerifiedEnrolmentRequest,
  verifyEnrolmentRequest,
} from './enrolment-request.ts'
export { isRecordError, RecordError, type RecordErrorCode } from './errors.ts'
export { requireCurrent } from './expiry.ts'
export { type Family, type FamilyPosition, familyRecord } from './family.ts'
export {
  bytes,
  bytesUpTo,
  choice,
  type Field,
  type FieldsOf,
  flag,
  integer,
  list,
  type OneOf,
  oneOf,
  optional,
  refine,
  row,
  sortedList,
  struct,
  text,
  uint,
  type ValueOf,
} from './fields.ts'
export {
  type Grant,
  type GrantedKey,
  type GrantPlace,
  grantRecord,
  openGrantedKey,
  sealGrantedKey,
} from './grant.ts'
export {
  type GivenDevice,
  type Header,
  type HeaderGeneration,
  headerRecord,
  type RevokedDevice,
  type SealedForDevice,
  type SealedForMember,
} from './header.ts'
export {
  type GenerationPlace,
  type LocationSecrets,
  openLocationSecret,
  openLocationSecrets,
  openPreviousSecret,
  sealLocationSecret,
  sealLocationSecrets,
  sealPreviousSecret,
} from './header-secrets.ts'
export {
  blockId,
  deviceId,
  entryHash,
  fingerprint,
  generationNumber,
  hash32,
  idurl,
  journalId,
  locationId,
  peerId,
  position,
  recordHash,
  revisionNumber,
  supplierCount,
  timestamp,
} from './id-fields.ts'
export {
  type BlockId,
  type EntryHash,
  type FragmentPlace,
  fragmentName,
  type Hash32,
  hashOf,
  type JournalId,
  type JournalOwner,
  journalIdOf,
  type LocationId,
  locationIdOf,
  parseHash,
  type RecordHash,
} from './ids.ts'
export {
  continuesJournal,
  epochNumber,
  type JournalEntry,
  type JournalEntryKind,
  type JournalHead,
  journalEntryRecord,
  journalHeadField,
} from './journal-entry.ts'
export {
  type DeletePayload,
  type EntryPlace,
  type JournalPayload,
  openPayload,
  type PutPayload,
  type ReleasePayload,
  sealPayload,
} from './journal-payload.ts'
export { type JournalAuthor, verifyJournalStart } from './journal-start.ts'
export { type KeyAudit, keyAuditRecord } from './key-audit.ts'
export { type Layout, layoutRecord } from './layout.ts'
export {
  BLOCK_FORM_BYTES,
  CLOCK_GRACE_MS,
  ENROLMENT_ANSWER_LIFETIME_MS,
  ENROLMENT_REQUEST_LIFETIME_MS,
  MAX_ALIAS_BYTES,
  MAX_BLOCK_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_CIPHERTEXT_BYTES,
  MAX_ENROLLED_KEYS,
  MAX_ENROLMENT_ANSWER_BYTES,
  MAX_ENROLMENT_LETTER_BYTES,
  MAX_ENROLMENT_REQUEST_BYTES,
  MAX_EXTENT_LIST_BYTES,
  MAX_FAMILY_BYTES,
  MAX_GENERATIONS,
  MAX_GRANT_BYTES,
  MAX_HEADER_BYTES,
  MAX_HEADS,
  MAX_INLINE_BYTES,
  MAX_INLINE_EXTENTS,
  MAX_JOURNAL_ENTRY_BYTES,
  MAX_LABEL_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_MEMBERS,
  MAX_MEMBERS_BYTES,
  MAX_NICKNAME_CHARACTERS,
  MAX_NICKNAME_RECORD_BYTES,
  MAX_NODE_BYTES,
  MAX_RELEASED,
  MAX_SEALED_BYTES,
  MAX_SPKI_BYTES,
  MAX_STATEMENT_BYTES,
  MAX_SUPPLIERS,
  MAX_TARGET_BYTES,
  NICKNAME_LIFETIME_MS,
} from './limits.ts'
export { type Manifest, manifestRecord } from './manifest.ts'
export {
  type Content,
  decodeExtents,
  decodeNode,
  type Entry,
  type Extent,
  encodeExtents,
  encodeNode,
  entryField,
  type FlatContent,
} from './manifest-node.ts'
export {
  type GenerationKey,
  type MemberLine,
  type Members,
  type MemberWho,
  membersRecord,
  type Right,
  rightsField,
} from './members.ts'
export { defineMessage, type Message } from './message.ts'
export {
  foldNickname,
  type Nickname,
  nicknameId,
  nicknameRecord,
  parseNickname,
  verifyNickname,
} from './nickname.ts'
export { type Offer, offerRecord } from './offer.ts'
export { type Receipt, receiptRecord } from './receipt.ts'
export { type Revisioned, replaces, succeeds } from './revisions.ts'
