import type { Caller } from '@bitdust/identity'

/** Events of a transport and what their `detail` is. */
export interface TransportEvents {
  /** The first connection to a device was greeted. */
  readonly 'peer:connect': Caller
  /** The last connection to a device is gone. */
  readonly 'peer:disconnect': Caller
}

/** An `EventTarget` that knows its events. */
export interface TransportEventTarget {
  addEventListener<Type extends keyof TransportEvents>(
    type: Type,
    listener: (event: CustomEvent<TransportEvents[Type]>) => void,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void
  removeEventListener<Type extends keyof TransportEvents>(
    type: Type,
    listener: (event: CustomEvent<TransportEvents[Type]>) => void,
  ): void
}
