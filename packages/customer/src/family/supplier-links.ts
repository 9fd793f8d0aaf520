import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { type SupplierLinkOptions, type WatchedSupplier, watchSupplier } from './supplier-link.ts'
import type { OpenedFamily, SupplierLink } from './types.ts'

/** Called after every question to a supplier: its link as it is now, and whether that changed. */
export type LinkReport = (link: SupplierLink, supplier: WatchedSupplier, changed: boolean) => void

/** The suppliers of one family, watched. */
export interface SupplierLinks {
  /** Watches exactly the suppliers of this family from now on. */
  follow(family: OpenedFamily): void
  /** All positions of the family that is followed. */
  list(): readonly SupplierLink[]
  /** Ends the contract with somebody who is not in the family any more, if he can be reached. */
  leave(peer: PeerRef): Promise<void>
  stop(): Promise<void>
}

export function createSupplierLinks(
  options: Omit<SupplierLinkOptions, 'peer' | 'onReport'> & { readonly onReport: LinkReport },
): SupplierLinks {
  const { onReport, ...common } = options
  const watched = new Map<Fingerprint, WatchedSupplier>()
  /** Those of earlier families, until they are left. */
  const former = new Map<Fingerprint, WatchedSupplier>()
  let positions: readonly Fingerprint[] = []

  function watch(peer: PeerRef): WatchedSupplier {
    let shown = ''
    const supplier = watchSupplier({
      ...common,
      peer,
      onReport() {
        const position = positions.indexOf(peer.fingerprint)
        if (watched.get(peer.fingerprint) !== supplier || position === -1) return
        const changed = supplier.state !== shown
        shown = supplier.state
        onReport(linkOf(supplier, position), supplier, changed)
      },
    })
    return supplier
  }

  return {
    follow(family) {
      positions = family.body.positions.map(({ fingerprint }) => fingerprint)
      for (const [fingerprint, supplier] of watched) {
        // A supplier that came back on another device is another one to ask.
        if (family.body.positions.some((one) => isSame(one, supplier.peer))) continue
        watched.delete(fingerprint)
        former.set(fingerprint, supplier)
      }
      for (const { fingerprint, idurl, peerId } of family.body.positions) {
        if (watched.has(fingerprint)) continue
        const supplier = watch({ fingerprint, idurl, peerId })
        watched.set(fingerprint, supplier)
        supplier.ask()
      }
    },
    list: () => positions.map((fingerprint, position) => linkOf(watched.get(fingerprint)!, position)),
    async leave(peer) {
      const supplier = former.get(peer.fingerprint) ?? watch(peer)
      former.set(peer.fingerprint, supplier)
      await supplier.leave()
      former.delete(peer.fingerprint)
    },
    async stop() {
      const all = [...watched.values(), ...former.values()]
      positions = []
      watched.clear()
      former.clear()
      await Promise.all(all.map((supplier) => supplier.stop()))
    },
  }
}

function linkOf({ peer, state, since, answer }: WatchedSupplier, position: number): SupplierLink {
  return { position, peer, state, since, ...(answer === null ? {} : { freeBytes: answer.free }) }
}

function isSame(a: PeerRef, b: PeerRef): boolean {
  return a.fingerprint === b.fingerprint && a.peerId === b.peerId
}
