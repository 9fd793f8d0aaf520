import { LABELS, type RsaPrivateKey } from '@bitdust/crypto'
import { formatSignature } from './decimal-signature.ts'
import type { IdentityDocument, IdentityFields } from './identity-document.ts'
import { openIdentity } from './open-identity.ts'
import type { XmlElement } from './read-xml.ts'
import { isListElement, LIST_ITEMS, SIGNED_ELEMENTS, signedMessage } from './signed-message.ts'
import { writeXml } from './write-xml.ts'

/** A freshly signed document, and the bytes to publish (the same as `document.bytes`). */
export interface SignedIdentity {
  readonly document: IdentityDocument
  readonly bytes: Uint8Array
}

/**
 * Writes and signs an identity document, elements in the documents' order. What was written is opened again before it
 * is returned, so nothing leaves that another node would refuse; private sources are allowed here, because who
 * publishes knows his network.
 *
 * @throws {IdentityError} `IdentityMalformed` when the fields break a rule of {@link openIdentity}.
 */
export async function signIdentity(fields: IdentityFields, key: RsaPrivateKey): Promise<SignedIdentity> {
  const texts = { ...fields, revision: String(fields.revision), publickey: key.publicKey.toOpenSsh() }
  const elements = SIGNED_ELEMENTS.map((name) => {
    if (isListElement(name)) return listElement(name, texts[name])
    return textElement(name, texts[name])
  })
  const message = signedMessage((name) => elements.find((element) => element.name === name))
  const signature = formatSignature(await key.sign(LABELS.identity, message))
  const children = [...elements, textElement('signature', signature)]
  const bytes = writeXml({ name: 'identity', children, text: '' })
  const document = await openIdentity(bytes, { allowPrivate: true })
  return { document, bytes: document.bytes }
}

function listElement(name: keyof typeof LIST_ITEMS, items: readonly string[]): XmlElement {
  return { name, children: items.map((item) => textElement(LIST_ITEMS[name], item)), text: '' }
}

/** Trimmed as a reader will, or the signature would cover other text than he sees. */
function textElement(name: string, text: string): XmlElement {
  return { name, children: [], text: text.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, '') }
}
