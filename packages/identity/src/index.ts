/**
 * Identities of BitDust: names, the signed identity document, device certificates, contacts, and the resolver that
 * keeps IDURLs and keys together whatever a server does. Sockets and disks come in as ports.
 *
 * @packageDocumentation
 */
export type { Caller, PeerRef } from './caller.ts'
export {
  CERTIFICATE_GRACE_MS,
  type CertificateRequest,
  type DeviceCertificate,
  deviceOf,
  isCertificateCurrent,
  openCertificate,
  signCertificate,
} from './certificate.ts'
export {
  type Contact,
  contactToMultiaddr,
  formatContact,
  multiaddrsOfDevice,
  multiaddrToContact,
  parseContact,
  userOfContact,
} from './contacts.ts'
export { formatIdentityDate } from './document/identity-date.ts'
export type { IdentityDocument, IdentityFields } from './document/identity-document.ts'
export {
  MAX_CERTIFICATES,
  MAX_CONTACTS,
  MAX_IDENTITY_BYTES,
  MAX_SCRUBBERS,
  MAX_SOURCES,
} from './document/limits.ts'
export { openIdentity } from './document/open-identity.ts'
export { type SignedIdentity, signIdentity } from './document/sign-identity.ts'
export { IdentityError, type IdentityErrorCode } from './errors.ts'
export { type FindContactsOptions, findContacts } from './find-contacts.ts'
export type { KeyName } from './key-ring/key-name.ts'
export {
  createKeyRing,
  type KeyQuery,
  type KeyRing,
  type KeyRingOptions,
  type KeySummary,
  type NewKey,
  type RingKey,
} from './key-ring/key-ring.ts'
export { type KeyStore, memoryKeyStore } from './key-ring/key-store.ts'
export { type LegacyKey, readLegacyKey } from './legacy/legacy-key.ts'
export { type LegacyIdentity, openLegacyIdentity } from './legacy/open-legacy-identity.ts'
export { type IdentityVerdict, verifyIdentity } from './legacy/verify-identity.ts'
export { machines } from './machines.ts'
export { type AddressOptions, isForbiddenAddress, isForbiddenHost } from './names/address.ts'
export { checkAlias, checkNewUserName, checkUserName, MASTER_ALIAS } from './names/alias.ts'
export {
  canonicalGlobalId,
  compareGlobalIds,
  formatGlobalId,
  type GlobalId,
  parseGlobalId,
} from './names/global-id.ts'
export { type IdServerAddress, idServerOf, idurlOn, parseIdServer } from './names/id-server.ts'
export { formatIdurl, type Idurl, type IdurlParts, idurlParts, parseIdurl } from './names/idurl.ts'
export { formatKeyId, type KeyId, parseKeyId } from './names/key-id.ts'
export { checkPath, MAX_COMPONENT_BYTES, MAX_PATH_BYTES, MAX_PATH_DEPTH } from './names/path.ts'
export { formatUser, idurlToUser, parseUser, type User, userToIdurl } from './names/user.ts'
export { formatVersion, isVersion, parseVersion, type VersionTime } from './names/version.ts'
export { deviceIdOfPeerId, deviceOfPeerId, peerIdOfDevice } from './peer-id.ts'
export { type DropMemory, MAX_DROPS, memoryDropMemory } from './publishing/drop-memory.ts'
export type { IdServerPort } from './publishing/id-server-port.ts'
export type { PublishOutcome } from './publishing/publish-to.ts'
export {
  createPublisher,
  type IdentityChange,
  type Publication,
  type Publisher,
  type PublisherOptions,
  type PublishOptions,
  type SourceReport,
  type SourceState,
} from './publishing/publisher.ts'
export { createRegistration, type Registration, type RegistrationOptions } from './registration/registration.ts'
export type { IdentityQuery, IdentitySource } from './resolver/identity-source.ts'
export { type IdentityStore, memoryIdentityStore } from './resolver/identity-store.ts'
export { createResolver, type ResolveOptions, type Resolver, type ResolverOptions } from './resolver/resolver.ts'
export { createRestore, type Restoration, type Restore, type RestoreOptions } from './restore/restore.ts'
export { type LastMove, MAX_JITTER, type MoveMemory } from './rotation/move-schedule.ts'
export { createRotation, type MoveSchedule, type Rotation, type RotationOptions } from './rotation/rotation.ts'
