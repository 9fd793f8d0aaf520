/**
 * Publishing and finding identities, families, nicknames and enrolments of devices in a distributed hash table that nobody has to trust: every record
 * proves itself, older ones never replace newer ones. Brings the libp2p service; the host comes from outside.
 *
 * @packageDocumentation
 */
export {
  createDht,
  type Dht,
  type DhtHost,
  type DhtOptions,
  type Published,
  type QueryOptions,
  type WalkedPeer,
} from './dht.ts'
export { DhtError, type DhtErrorCode } from './errors.ts'
export { dhtIdentitySource } from './identity-source.ts'
export { DHT_PROTOCOL } from './kad.ts'
export { MAX_STORED_VALUES, MAX_STORED_VALUES_PER_PEER, MAX_VALUE_BYTES } from './limits.ts'
export { memorySequenceStore, type SequenceStore } from './sequences.ts'
