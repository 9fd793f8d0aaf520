import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { SupplierError } from '../errors.ts'
import type { CallOptions, PacketRouter } from '../ports.ts'
import { COMMANDS, REPLIES } from '../protocol/commands.ts'
import { type JournalEvent, journalEvent } from '../protocol/journals.ts'
import { MAX_PAYLOAD_BYTES } from '../protocol/message-limits.ts'
import { doneReply, type LocationRequest, serviceRequest } from '../protocol/services.ts'
import type { AccessKeeper } from './access-keeper.ts'
import { type Call, say } from './call.ts'

/** A journal has grown, says a supplier. */
export interface JournalGrowth extends JournalEvent {
  /** Fingerprint of the supplier. */
  readonly supplier: Fingerprint
}

/** Events of a client and what their `detail` is. */
export interface SupplierClientEvents {
  /** A hint to read the journal; not verified. */
  readonly 'journal:grown': JournalGrowth
}

/** An `EventTarget` that knows its events. */
export interface SupplierClientEventTarget {
  addEventListener<Type extends keyof SupplierClientEvents>(
    type: Type,
    listener: (event: CustomEvent<SupplierClientEvents[Type]>) => void,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void
  removeEventListener<Type extends keyof SupplierClientEvents>(
    type: Type,
    listener: (event: CustomEvent<SupplierClientEvents[Type]>) => void,
  ): void
}

/** Being told about new journal entries. */
export interface EventCalls {
  readonly events: SupplierClientEventTarget
  /** Registers the command with which suppliers tell. Needed for `subscribe` alone. */
  attach(router: PacketRouter): void
  /** Asks to be told about a location while the connection lasts; asking again renews it. */
  subscribe(to: PeerRef, query: LocationRequest, options?: CallOptions): Promise<void>
}

/** The part of the client that listens. */
export function createEventCalls(call: Call, access: AccessKeeper): EventCalls {
  const events = new EventTarget()
  /** What was subscribed to; anything else that comes was not asked for. */
  const wanted = new Set<string>()

  return {
    // The platform's type does not know which events there are; only this file dispatches them.
    events: events as unknown as SupplierClientEventTarget,

    attach(router) {
      router.handle(COMMANDS.event, async ({ fingerprint: supplier, peerId }, { payload }) => {
        const event = decodeEvent(payload)
        if (!wanted.has(keyOf(peerId, event))) throw new SupplierError('NotFound', 'nobody asked for this event')
        events.dispatchEvent(new CustomEvent('journal:grown', { detail: { ...event, supplier } }))
        return { command: REPLIES.ack, payload: doneReply.encode({}) }
      })
    },

    async subscribe(to, { customer, location }, options = {}) {
      const place = { customer, location }
      const request = [serviceRequest, { events: place }] as const
      const question = { command: COMMANDS.requestService, customer, request, reply: doneReply }
      const key = keyOf(to.peerId, place)
      // Before the question: the first event may come before the answer.
      wanted.add(key)
      try {
        await access.run(to, place, options, () => say(call, to, question, options))
      } catch (error) {
        wanted.delete(key)
        throw error
      }
    },
  }
}

function decodeEvent(payload: Uint8Array): JournalEvent {
  try {
    return journalEvent.decode(payload, MAX_PAYLOAD_BYTES)
  } catch (cause) {
    throw new SupplierError('PacketMalformed', 'the event cannot be read', { cause })
  }
}

function keyOf(peerId: string, { customer, location }: LocationRequest): string {
  return `${peerId}/${customer}/${location}`
}
