import { formatContact, type IdentityFields, parseContact } from '@bitdust/identity'

/** A device that comes into an identity. */
export interface NewDevice {
  /** Text of its certificate. */
  readonly certificate: string
  readonly peerId: string
  /** Contacts at which it answers, see `contactsFor`; none for one that only connects to others. */
  readonly contacts: readonly string[]
  /** The one other device, whose contacts need not have named it so far. */
  readonly onlyOther: string | undefined
  /** Whether contacts may lead to private addresses. */
  readonly allowPrivate: boolean
}

/** Adds a device to an identity. Contacts without a device get one, since now they would be ambiguous. */
export function withDevice(fields: IdentityFields, device: NewDevice): IdentityFields {
  const { certificate, peerId, contacts, onlyOther, allowPrivate } = device
  const name = (text: string, at: string | undefined) => {
    const contact = parseContact(text, { allowPrivate })
    const isNamed = contact.peerId !== undefined || contact.user !== undefined || contact.protocol === 'proxy'
    return isNamed || at === undefined ? text : formatContact({ ...contact, peerId: at })
  }
  const old = fields.contacts.map((text) => name(text, onlyOther))
  const added = contacts.map((text) => name(text, peerId))
  return {
    ...fields,
    certificates: [...new Set([...fields.certificates, certificate])],
    contacts: [...new Set([...old, ...added])],
  }
}

/** Takes a device out of an identity: these certificates of it, and the contacts that name it. */
export function withoutDevice(
  fields: IdentityFields,
  {
    peerId,
    certificates,
    allowPrivate,
  }: { readonly certificates: readonly string[] } & Pick<NewDevice, 'peerId' | 'allowPrivate'>,
): IdentityFields {
  return {
    ...fields,
    certificates: fields.certificates.filter((text) => !certificates.includes(text)),
    contacts: fields.contacts.filter((text) => parseContact(text, { allowPrivate }).peerId !== peerId),
  }
}
