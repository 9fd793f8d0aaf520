/** Bytes of an identity document, as UTF-8. */
export const MAX_IDENTITY_BYTES = 64 * 1024
/** Addresses by which a document can be found. */
export const MAX_SOURCES = 6
/** Ways to reach the machines of an identity. */
export const MAX_CONTACTS = 16
/** Devices of an identity. */
export const MAX_CERTIFICATES = 16
/** Suppliers that an identity names as a second way to its family. */
export const MAX_SCRUBBERS = 8
/** Characters of one contact or scrubber. */
export const MAX_CONTACT_CHARACTERS = 512
/** Characters of one device certificate in base64. */
export const MAX_CERTIFICATE_CHARACTERS = 4096
/** Characters of `postage`, `date` and `version`. */
export const MAX_TEXT_CHARACTERS = 256
/** Characters of the OpenSSH line of the largest key, with room for a comment. */
export const MAX_PUBLIC_KEY_CHARACTERS = 1024
/** Decimal digits of the largest signature: 4096 bits take 1234. */
export const MAX_SIGNATURE_DIGITS = 1234
