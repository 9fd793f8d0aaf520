/** Most bytes of the payload of any packet of this protocol; what can be larger travels as body. */
export const MAX_PAYLOAD_BYTES = 64 * 1024
