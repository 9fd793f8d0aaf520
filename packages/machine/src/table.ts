/** Whatever has a `type`: events of a machine. */
export interface Named {
  readonly type: string
}

/**
 * One way out of a state for one event.
 *
 * All three functions are pure: no clock, no randomness, no input or output. Give them names, the diagram shows them.
 */
export interface Arrow<S extends string, C, E, F> {
  /** The state after the arrow; may be the state it starts from. */
  readonly to: S
  /** The guard. Absent means always. */
  readonly when?: (context: C, event: E) => boolean
  /** The next context. Must return a new object instead of changing the one it gets. Absent means unchanged. */
  readonly update?: (context: C, event: E) => C
  /** What the shell has to do after the new snapshot is stored; gets the context that `update` returned. */
  readonly effects?: (context: C, event: E) => readonly F[]
}

/** All arrows of a machine: state, then event type, then arrows in the order in which their guards are asked. */
export type Table<S extends string, C, E extends Named, F> = {
  readonly [From in S]: {
    readonly [T in E['type']]?: readonly Arrow<S, C, Extract<E, { type: T }>, F>[]
  }
}

/** Where a machine is: its state and what it remembers. */
export interface Snapshot<S extends string, C> {
  readonly state: S
  readonly context: C
}

/**
 * Takes the first arrow whose guard holds. Pure.
 *
 * @returns The next snapshot and the effects to perform. An event with no arrow changes nothing, since late packets are
 * normal: the same snapshot object comes back with no effects.
 */
export function transition<S extends string, C, E extends Named, F>(
  table: Table<S, C, E, F>,
  snapshot: Snapshot<S, C>,
  event: E,
): readonly [Snapshot<S, C>, readonly F[]] {
  const { state, context } = snapshot
  // Event types come from outside too; a name such as `constructor` must not reach what every object inherits.
  const known = Object.hasOwn(table[state], event.type)
  // The key chose the arrow's event type; TypeScript cannot follow that correlation, hence the casts.
  const arrows = (known ? table[state][event.type as E['type']] : []) as readonly Arrow<S, C, E, F>[]
  const arrow = arrows.find((candidate) => candidate.when?.(context, event) ?? true)
  if (arrow === undefined) return [snapshot, []]
  const next = arrow.update?.(context, event) ?? context
  return [{ state: arrow.to, context: next }, arrow.effects?.(next, event) ?? []]
}
