/** The commands of packets between the owner of a share and its members. Names as far as possible those of the original. */
export const COMMANDS = {
  /** Audit of a key between users. The supplier's audit of a share key has a command of its own. */
  proveKey: 'ProveKey',
  /** A grant. */
  key: 'Key',
  /** What is in a share. */
  files: 'Files',
} as const

/** The command of every answer that is not a refusal. */
export const ACK = 'Ack'
