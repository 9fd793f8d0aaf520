import { IdentityError } from './errors.ts'
import { type AddressOptions, isForbiddenHost, isIpAddress } from './names/address.ts'
import { checkUserName } from './names/alias.ts'
import { isCanonicalHost, parsePort } from './names/host.ts'
import type { User } from './names/user.ts'
import { deviceOfPeerId } from './peer-id.ts'

/**
 * One way to reach a machine, as `<contact>` writes it.
 *
 * - `tcp://123.45.67.89:7771`, and with several devices `tcp://<peer id>@host:port`
 * - `http://host:port`: WebSocket; a peer id in front as above
 * - `udp://host:port`: QUIC; a peer id in front as above
 * - `udp://alice@first-machine.com`: no address but a user at an ID-server (port 80 unless written), whose identity has
 *   the addresses: see `findContacts`
 * - `proxy://<peer id of the relay>@host:port`, and with several devices `proxy://<relay>@host:port/<peer id>`
 */
export interface Contact {
  readonly protocol: 'tcp' | 'udp' | 'http' | 'proxy'
  /** DNS name, IPv4, or IPv6 in brackets; lower case. */
  readonly host: string
  readonly port: number
  /** The device that answers there. Absent when the identity has one device. */
  readonly peerId?: string
  /** The relay that answers there in place of the device; with `proxy` only and always. */
  readonly relay?: string
  /** The user that a `udp` contact names; host and port are then those of his ID-server, see `userOfContact`. */
  readonly user?: string
}

/** Port of an ID-server that a contact names without one, as in its IDURLs. */
const ID_SERVER_PORT = 80
const MAX_CONTACT_CHARACTERS = 512
const FORM =
  /^(tcp|udp|http|proxy):\/\/(?:([A-Za-z0-9_-]+)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]+))?(?:\/([A-Za-z0-9]+))?$/

/**
 * Reads a contact.
 *
 * @throws {IdentityError} `IdentityMalformed` for any other form, `IdurlForbidden` when the host is loopback, private or
 *   special and `allowPrivate` is not set (`threats.md` A7: nobody makes us connect into our own network).
 */
export function parseContact(text: string, options: AddressOptions = {}): Contact {
  const contact = readContact(text)
  if (contact === undefined) {
    throw new IdentityError('IdentityMalformed', `contact ${JSON.stringify(text.slice(0, 100))} is of no known form`)
  }
  if (isForbiddenHost(contact.host, options)) {
    throw new IdentityError('IdurlForbidden', `contact ${text} leads to a private or special address`, {
      subject: text,
    })
  }
  return contact
}

/** Writes a contact; the inverse of {@link parseContact}. */
export function formatContact({ protocol, host, port, peerId, relay, user }: Contact): string {
  const address = user !== undefined && port === ID_SERVER_PORT ? host : `${host}:${port}`
  const target = relay !== undefined && peerId !== undefined ? `/${peerId}` : ''
  const front = relay ?? user ?? peerId
  return `${protocol}://${front === undefined ? '' : `${front}@`}${address}${target}`
}

function readContact(text: string): Contact | undefined {
  const match = text.length <= MAX_CONTACT_CHARACTERS ? FORM.exec(text) : null
  if (match === null) return undefined
  const [, scheme, front, hostText = '', portText, target] = match
  const protocol = scheme as Contact['protocol']
  const host = hostText.toLowerCase()
  if (!isCanonicalHost(host)) return undefined
  const named = front === undefined ? {} : readFront(protocol, front)
  if (named === undefined) return undefined
  const port = portText === undefined && named.user !== undefined ? ID_SERVER_PORT : parsePort(portText ?? '')
  if (port === undefined) return undefined
  if (protocol !== 'proxy') return target === undefined ? { protocol, host, port, ...named } : undefined
  if (named.relay === undefined) return undefined
  if (target === undefined) return { protocol, host, port, ...named }
  return isPeerId(target) ? { protocol, host, port, ...named, peerId: target } : undefined
}

/** What stands in front of the `@`. Names of users have at most 20 characters, peer ids 52. */
function readFront(
  protocol: Contact['protocol'],
  text: string,
): Pick<Contact, 'peerId' | 'relay' | 'user'> | undefined {
  if (isPeerId(text)) return protocol === 'proxy' ? { relay: text } : { peerId: text }
  return protocol === 'udp' && isUserName(text) ? { user: text } : undefined
}

function isPeerId(text: string): boolean {
  return holds(() => deviceOfPeerId(text))
}

function isUserName(text: string): boolean {
  return holds(() => checkUserName(text))
}

function holds(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** The user that a contact names, for `userToIdurl`; null for an address and for what is no contact. */
export function userOfContact(text: string): User | null {
  const { user, host, port } = readContact(text) ?? {}
  if (user === undefined || host === undefined || port === undefined) return null
  return port === ID_SERVER_PORT ? { user, host } : { user, host, port }
}

/**
 * The multiaddr of a contact: `/ip4/123.45.67.89/tcp/7771/p2p/<peer id>`.
 *
 * @param peerId - The device wanted, where the contact names none. Without either, the address has no `/p2p` at its end.
 * @throws {IdentityError} `IdentityMalformed` for a contact that names a user, which is no address.
 */
export function contactToMultiaddr(contact: Contact, peerId?: string): string {
  const { protocol, host, port, relay, user } = contact
  if (user !== undefined) throw new IdentityError('IdentityMalformed', `contact of the user ${user} is no address`)
  const base = `/${hostProtocol(host)}/${host.replaceAll(/[[\]]/g, '')}`
  const device = contact.peerId ?? peerId
  const end = device === undefined ? '' : `/p2p/${device}`
  switch (protocol) {
    case 'tcp':
      return `${base}/tcp/${port}${end}`
    case 'http':
      return `${base}/tcp/${port}/ws${end}`
    case 'udp':
      return `${base}/udp/${port}/quic-v1${end}`
    case 'proxy':
      return `${base}/tcp/${port}/p2p/${relay}/p2p-circuit${end}`
  }
}

function hostProtocol(host: string): string {
  if (host.startsWith('[')) return 'ip6'
  return isIpAddress(host) ? 'ip4' : 'dns'
}

const MULTIADDR =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/(?:tcp\/([0-9]+)(\/ws)?|udp\/([0-9]+)\/quic-v1)(?:\/p2p\/([A-Za-z0-9]+)\/(p2p-circuit))?(?:\/p2p\/([A-Za-z0-9]+))?$/

/**
 * The contact of a multiaddr; the inverse of {@link contactToMultiaddr}.
 * @returns null for addresses that contacts cannot express; they are then left out of an identity. Private ones are
 *   taken: who publishes his own decides.
 */
export function multiaddrToContact(multiaddr: string): Contact | null {
  const match = MULTIADDR.exec(multiaddr)
  if (match === null) return null
  const [, kind, hostText = '', tcpPort, webSocket, udpPort, relay, circuit, peerId] = match
  const host = kind === 'ip6' ? `[${hostText}]` : hostText
  const port = tcpPort ?? udpPort
  const device = peerId === undefined ? '' : peerId
  if (circuit !== undefined) {
    const plainTcp = tcpPort !== undefined && webSocket === undefined
    return plainTcp ? orNull(`proxy://${relay}@${host}:${port}${device === '' ? '' : `/${device}`}`) : null
  }
  const protocol = udpPort !== undefined ? 'udp' : webSocket === undefined ? 'tcp' : 'http'
  return orNull(`${protocol}://${device === '' ? '' : `${device}@`}${host}:${port}`)
}

function orNull(text: string): Contact | null {
  return readContact(text) ?? null
}

/**
 * Where to dial one device of an identity: its contacts as multiaddrs, in the owner's order. Contacts of other devices,
 * of users, of unknown form, and (unless `allowPrivate`) private ones are left out.
 *
 * @param contacts - As they stand in the identity document.
 * @param peerId - The device wanted.
 */
export function multiaddrsOfDevice(
  contacts: readonly string[],
  peerId: string,
  options: AddressOptions = {},
): readonly string[] {
  return contacts.flatMap((text) => {
    const contact = readContact(text)
    // A contact that names a user says where he is registered, not where his machine listens.
    if (contact === undefined || contact.user !== undefined || isForbiddenHost(contact.host, options)) return []
    if (contact.peerId !== undefined && contact.peerId !== peerId) return []
    return [contactToMultiaddr(contact, peerId)]
  })
}
