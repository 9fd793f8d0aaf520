import { isBitdustError } from '@bitdust/crypto'
import type { Message } from '@bitdust/records'
import type { Visitor } from '../access/access.ts'
import { isSupplierErrorCode, SupplierError } from '../errors.ts'
import type { OutgoingReply, PacketRouter, ReceivedPacket } from '../ports.ts'
import { REPLIES } from '../protocol/commands.ts'
import { MAX_PAYLOAD_BYTES } from '../protocol/message-limits.ts'
import type { Desk } from './desk.ts'

/** How one command is answered. Each file of this folder that answers something makes one or two. */
export interface Command {
  /** Registers the command. */
  attach(router: PacketRouter, desk: Desk): void
}

/** What belongs to a command. */
export interface CommandDefinition<Request> {
  readonly command: string
  readonly request: Message<Request>
  /** @default 'hash' */
  readonly bodyCheck?: 'hash' | 'handler'
  /** @default 0 */
  readonly maxBodyBytes?: number
  /** Authorises and does it. Its throws are refusals. */
  answer(desk: Desk, visitor: Visitor, request: Request, packet: ReceivedPacket): Promise<OutgoingReply>
}

/** Defines a command: decodes the payload, refuses while the supplier does not run, gives refusals the right code. */
export function defineCommand<Request>({
  command,
  request,
  bodyCheck = 'hash',
  maxBodyBytes = 0,
  answer,
}: CommandDefinition<Request>): Command {
  return {
    attach(router, desk) {
      router.handle(
        command,
        async (caller, packet) => {
          if (!desk.isOpen()) throw new SupplierError('Busy', 'the supplier is not running')
          const decoded = decodeRequest(request, packet.payload)
          try {
            return await answer(desk, { caller, connectionId: packet.connectionId }, decoded, packet)
          } catch (error) {
            throw asRefusal(error)
          }
        },
        { bodyCheck, maxBodyBytes },
      )
    },
  }
}

/** An `Ack`. */
export function ack<T>(message: Message<T>, value: T): OutgoingReply {
  return { command: REPLIES.ack, payload: message.encode(value) }
}

function decodeRequest<Request>(message: Message<Request>, payload: Uint8Array): Request {
  try {
    return message.decode(payload, MAX_PAYLOAD_BYTES)
  } catch (cause) {
    throw new SupplierError('PacketMalformed', cause instanceof Error ? cause.message : 'malformed', { cause })
  }
}

/** Statements of the caller that lower layers found wrong are `RecordInvalid`; what is no refusal stays as it is. */
function asRefusal(error: unknown): unknown {
  if (!isBitdustError(error) || isSupplierErrorCode(error.code)) return error
  if (!STATEMENT_ERRORS.has(error.name)) return error
  return new SupplierError('RecordInvalid', error.message, { cause: error })
}

/** Error classes that judge statements: `SignatureInvalid`, `KeyMalformed`, `RecordExpired` and the like. */
const STATEMENT_ERRORS: ReadonlySet<string> = new Set(['RecordError', 'CryptoError', 'IdentityError'])
