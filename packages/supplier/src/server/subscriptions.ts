import type { PeerRef } from '@bitdust/identity'
import type { Access, Visitor } from '../access/access.ts'
import { SupplierError } from '../errors.ts'
import { MAX_SUBSCRIBERS, MAX_SUBSCRIPTIONS } from '../limits.ts'
import type { PacketSender } from '../ports.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { type JournalEvent, journalEvent } from '../protocol/journals.ts'
import type { LocationRequest } from '../protocol/services.ts'

/** Who wants to be told that a journal of a location has grown. */
export interface Subscriptions {
  /** From now on, until the first event that does not arrive. @throws {SupplierError} `LimitExceeded`. */
  add(visitor: Visitor, place: LocationRequest): void
  /** Tells all subscribers but the one who caused it. Returns at once. */
  publish(event: JournalEvent, cause: Visitor): void
  /** Forgets everybody and gives up what is on its way. */
  stop(): void
}

interface Subscriber {
  readonly visitor: Visitor
  readonly peer: PeerRef
  /** Events that came while another was on its way; only the last of each journal counts. */
  readonly waiting: Map<string, JournalEvent>
  sending: boolean
}

/** What subscriptions need. */
export interface SubscriptionsOptions {
  readonly access: Access
  /** Without one, nobody is told anything. */
  readonly sender: PacketSender | undefined
}

/** Keeps subscriptions in memory: they end with the process, and the subscriber asks again. */
export function createSubscriptions({ access, sender }: SubscriptionsOptions): Subscriptions {
  const byPlace = new Map<string, Map<string, Subscriber>>()
  let life = new AbortController()

  function count(): number {
    return byPlace.values().reduce((sum, subscribers) => sum + subscribers.size, 0)
  }

  function remove(place: LocationRequest, { peer }: Subscriber): void {
    const subscribers = byPlace.get(keyOf(place))
    subscribers?.delete(peer.peerId)
    if (subscribers?.size === 0) byPlace.delete(keyOf(place))
  }

  /** One event at a time to one subscriber, so a slow one gets fewer instead of a growing queue. */
  async function send(place: LocationRequest, subscriber: Subscriber, to: PacketSender): Promise<void> {
    const { signal } = life
    subscriber.sending = true
    try {
      for (const [journal, event] of subscriber.waiting) {
        subscriber.waiting.delete(journal)
        // Somebody may have lost his right since he subscribed.
        await access.require(subscriber.visitor, place, 'read')
        const packet = { command: COMMANDS.event, owner: place.customer, payload: journalEvent.encode(event) }
        const reply = await to.request(subscriber.peer, packet, { signal })
        reply.cancel()
      }
    } catch {
      remove(place, subscriber) // Gone, or not allowed any more. Whoever comes back subscribes again.
    } finally {
      subscriber.sending = false
    }
  }

  return {
    add(visitor, place) {
      const { fingerprint, peerId, identity } = visitor.caller
      const idurl = identity.sources[0]
      if (idurl === undefined) throw new SupplierError('RecordInvalid', 'the identity names no source')
      const subscribers = byPlace.get(keyOf(place)) ?? new Map<string, Subscriber>()
      const isNew = !subscribers.has(peerId)
      if (isNew && (subscribers.size >= MAX_SUBSCRIBERS || count() >= MAX_SUBSCRIPTIONS))
        throw new SupplierError('LimitExceeded', 'too many subscribers')
      byPlace.set(keyOf(place), subscribers)
      subscribers.set(peerId, { visitor, peer: { fingerprint, idurl, peerId }, waiting: new Map(), sending: false })
    },

    publish(event, cause) {
      if (sender === undefined) return
      for (const subscriber of byPlace.get(keyOf(event))?.values() ?? []) {
        if (subscriber.peer.peerId === cause.caller.peerId) continue
        subscriber.waiting.set(event.head.journal, event)
        if (!subscriber.sending) void send(event, subscriber, sender)
      }
    },

    stop() {
      byPlace.clear()
      life.abort()
      life = new AbortController()
    },
  }
}

function keyOf({ customer, location }: LocationRequest): string {
  return `${customer}/${location}`
}
