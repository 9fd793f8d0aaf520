/** Exchange of identities; first stream on a connection. */
export const HELLO_PROTOCOL = '/bitdust/hello/1.0.0'
/** Signed requests and replies. */
export const PACKET_PROTOCOL = '/bitdust/packet/1.0.0'
