import type { Fingerprint } from '@bitdust/crypto'
import type { LocationId } from '@bitdust/records'
import type { SharedFile } from './ports.ts'

/** A share that was given to us and can be used now. */
export interface ReceivedShare {
  /** `alias$user@host`. */
  readonly keyId: string
  readonly owner: Fingerprint
  readonly alias: string
  /** A name for people, chosen by the owner. */
  readonly label: string
  readonly location: LocationId
  readonly generation: number
}

/** What the owner of a share says is in it. Only his word: what counts is the catalog. */
export interface ReceivedFiles {
  readonly keyId: string
  readonly location: LocationId
  readonly files: readonly SharedFile[]
  /** Whether these are all, on the first level. */
  readonly complete: boolean
}

/** Events of shares and what their `detail` is. */
export interface ShareEvents {
  readonly 'share:received': ReceivedShare
  readonly 'share:files': ReceivedFiles
}

/** An `EventTarget` that knows its events. */
export interface ShareEventTarget {
  addEventListener<Type extends keyof ShareEvents>(
    type: Type,
    listener: (event: CustomEvent<ShareEvents[Type]>) => void,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void
  removeEventListener<Type extends keyof ShareEvents>(
    type: Type,
    listener: (event: CustomEvent<ShareEvents[Type]>) => void,
  ): void
}

/** The end of {@link ShareEventTarget} that sends. */
export interface ShareEventSource {
  readonly events: ShareEventTarget
  emit<Type extends keyof ShareEvents>(type: Type, detail: ShareEvents[Type]): void
}

/** Makes an event target. A listener that throws disturbs neither the others nor who emits. */
export function createShareEvents(): ShareEventSource {
  const target = new EventTarget()
  return {
    // EventTarget knows only `Event`; `emit` below is the only one that dispatches, and its types match the listeners'.
    events: target as ShareEventTarget,
    emit(type, detail) {
      target.dispatchEvent(new CustomEvent(type, { detail }))
    },
  }
}
