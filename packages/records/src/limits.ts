import { ciphertextSize } from '@bitdust/crypto'

const KIB = 1024
const MIB = 1024 * KIB

/** Most plaintext bytes in one block, whatever the number of suppliers. */
export const MAX_BLOCK_BYTES = 8 * MIB

/** What stands before the bytes of a block and tells their form, see `encodeBlockForm` of `@bitdust/upkeep`. */
export const BLOCK_FORM_BYTES = 1

/** Most ciphertext bytes of one block: its form, {@link MAX_BLOCK_BYTES} and the tags of its segments. */
export const MAX_CIPHERTEXT_BYTES = ciphertextSize(BLOCK_FORM_BYTES + MAX_BLOCK_BYTES)

/** Most suppliers in a family: with more, a coded block would have more than the 128 fragments of the largest preset. */
export const MAX_SUPPLIERS = 64

/** Most bytes of a journal entry, signature included. */
export const MAX_JOURNAL_ENTRY_BYTES = 64 * KIB

/** Most versions that one journal entry releases. */
export const MAX_RELEASED = 1024

/** Most heads that one journal entry lists. With the largest manifest and path the entry still fits its limit. */
export const MAX_HEADS = 128

/** Most bytes of a manifest record. What is larger has its content in blocks. */
export const MAX_MANIFEST_BYTES = 48 * KIB

/** Most bytes of content that stand inside a manifest or folder node itself. */
export const MAX_INLINE_BYTES = 16 * KIB

/** Most extents that stand inside an entry; more go into a list of their own. */
export const MAX_INLINE_EXTENTS = 512

/** Most bytes of the canonical list of one folder's entries. */
export const MAX_NODE_BYTES = 32 * MIB

/** Most bytes of the canonical list of one file's extents; enough for a file of 1.5 TiB in blocks of 4 MiB. */
export const MAX_EXTENT_LIST_BYTES = 32 * MIB

/** Most bytes of a symlink's target (`PATH_MAX`). */
export const MAX_TARGET_BYTES = 4096

/** Most bytes of a location header; the reader of packets that carry one allows for it. */
export const MAX_HEADER_BYTES = 256 * KIB

/** Most generations of a location that one header keeps. */
export const MAX_GENERATIONS = 64

/** Most lines of a member list, and most members or devices of a generation. */
export const MAX_MEMBERS = 256

/** Most bytes of a member list. */
export const MAX_MEMBERS_BYTES = 64 * KIB

/** Most bytes of a family. */
export const MAX_FAMILY_BYTES = 32 * KIB

/** Most bytes of the records which hold no list: contract, offer, receipt, access proof, key audit. */
export const MAX_STATEMENT_BYTES = 4 * KIB

/** Most bytes of a grant, which carries a private key. */
export const MAX_GRANT_BYTES = 16 * KIB

/** Most bytes of a label: a name that people gave to a location. */
export const MAX_LABEL_BYTES = 256

/** Most characters of a device certificate. */
export const MAX_CERTIFICATE_BYTES = 4 * KIB

/** Most bytes of an alias. */
export const MAX_ALIAS_BYTES = 64

/** Most bytes of the SPKI form of a public key; RSA 4096 takes 550. */
export const MAX_SPKI_BYTES = 1 * KIB

/** Most bytes of something sealed to one key: an RSA 4096 private key and what is around it takes 3 KiB. */
export const MAX_SEALED_BYTES = 4 * KIB

/** How long after its end a statement is still accepted, in ms: clocks of honest nodes differ. */
export const CLOCK_GRACE_MS = 60 * 60 * 1000

/** Most characters of a nickname. */
export const MAX_NICKNAME_CHARACTERS = 64

/** Most bytes of a nickname in UTF-8. */
export const MAX_NICKNAME_BYTES: number = 4 * MAX_NICKNAME_CHARACTERS

/** Most bytes of a nickname's record, which brings its key; with RSA 4096 and the longest names it takes 1.9 KiB. */
export const MAX_NICKNAME_RECORD_BYTES = 2 * KIB

/** How long a nickname's record counts at most, in ms. */
export const NICKNAME_LIFETIME_MS: number = 30 * 24 * 60 * 60 * 1000

/** How long a request to enrol a device counts, in ms. */
export const ENROLMENT_REQUEST_LIFETIME_MS: number = 60 * 60 * 1000

/** How long the answer to one counts, in ms: the new device may be switched off meanwhile. */
export const ENROLMENT_ANSWER_LIFETIME_MS: number = 24 * 60 * 60 * 1000

/** Most bytes of a request to enrol a device. */
export const MAX_ENROLMENT_REQUEST_BYTES = 2 * KIB

/** Most bytes of the answer to one: with its cover it fits into a value of the DHT, 16 KiB. */
export const MAX_ENROLMENT_ANSWER_BYTES = 15 * KIB

/** Most bytes of a request or answer in its cover. */
export const MAX_ENROLMENT_LETTER_BYTES: number = MAX_ENROLMENT_ANSWER_BYTES + 512

/** Most keys that an answer hands over; their size is the narrower limit for most. */
export const MAX_ENROLLED_KEYS = 32

/** Most bytes of a key id, or of the note beside a key. */
export const MAX_KEY_NAME_BYTES = 2 * KIB
