/**
 * The carrier of real networks: libp2p over TCP, encrypted and authenticated by Noise, multiplexed by yamux. Node only.
 *
 * @packageDocumentation
 */
export { createLibp2pCarrier, type Libp2pCarrier, type Libp2pCarrierOptions } from './carrier.ts'
export type { Libp2pLimits } from './limits.ts'
