import type { MachineDiagram, Table } from '@bitdust/machine'

/** States of a node's life. */
export type NodeState = 'idle' | 'opening' | 'connecting' | 'running' | 'stopping' | 'stopped' | 'failing' | 'failed'

/** What moves a node from state to state. */
export type NodeEvent =
  | { readonly type: 'start' }
  | { readonly type: 'opened' }
  | { readonly type: 'connected' }
  | { readonly type: 'broke'; readonly error: unknown }
  | { readonly type: 'stop' }
  | { readonly type: 'ended' }

/** What a node does on the way. */
export type NodeEffect = 'open-stores' | 'connect' | 'end'

/** Why a node failed, if it did. */
export interface NodeContext {
  readonly error: unknown
}

const end = () => ['end'] as const
const broke = [
  { to: 'failing', update: (_: NodeContext, { error }: { readonly error: unknown }) => ({ error }), effects: end },
] as const
const stop = [{ to: 'stopping', effects: end }] as const

/** A node opens its stores, connects, serves, and ends; it does so once. */
export const nodeTable: Table<NodeState, NodeContext, NodeEvent, NodeEffect> = {
  idle: {
    start: [{ to: 'opening', effects: () => ['open-stores'] }],
    stop: [{ to: 'stopped' }],
  },
  opening: { opened: [{ to: 'connecting', effects: () => ['connect'] }], broke, stop },
  connecting: { connected: [{ to: 'running' }], broke, stop },
  // What breaks a running node is that its device was revoked.
  running: { broke, stop },
  stopping: { ended: [{ to: 'stopped' }] },
  failing: { ended: [{ to: 'failed' }] },
  stopped: {},
  failed: {},
}

/** The machines of this package, for the diagrams in the documents. */
export const machines: readonly MachineDiagram[] = [{ name: 'node', table: nodeTable, initial: 'idle' }]
