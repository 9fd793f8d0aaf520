/** What a diagram needs of an arrow. Every `Arrow` fits. */
export interface DiagramArrow {
  readonly to: string
  /** Functions are shown by name. */
  readonly when?: { readonly name: string }
  readonly effects?: { readonly name: string }
}

/** What a diagram needs of a table. Every `Table` fits, whatever its states, context, events and effects. */
export interface DiagramTable {
  readonly [state: string]: {
    readonly [event: string]: readonly DiagramArrow[] | undefined
  }
}

/** One machine as a package lists it in its `machines` export; the diagrams of the documents are made from it. */
export interface MachineDiagram {
  /** Lower-case words joined by hyphens, unique in the project, e.g. `supplier-link`. */
  readonly name: string
  readonly table: DiagramTable
  /** The state in which a new machine starts. */
  readonly initial: string
}

/**
 * Prints a table as a Mermaid `stateDiagram-v2`. Deterministic: lines follow the order of the table.
 *
 * A line reads `from --> to : event [guard] / effects`. Guard and effects are shown by the names of their functions
 * (`[?]` for a guard without a name, no effects for effects without one), `[else]` stands where an unguarded arrow
 * follows guarded ones. A state without arrows is final.
 *
 * @param name - Title of the diagram.
 * @param initial - The state in which a new machine starts.
 * @returns Text that ends in a newline.
 */
export function toMermaid<const Diagram extends DiagramTable>(
  name: string,
  table: Diagram,
  initial: keyof Diagram & string,
): string {
  const states = Object.entries(table)
  const lines = [
    '---',
    `title: ${name}`,
    '---',
    'stateDiagram-v2',
    ...states.flatMap(([state]) => declaration(state)),
    `  [*] --> ${stateId(initial)}`,
    ...states.flatMap(([state, byEvent]) => arrowLines(state, byEvent)),
    ...states.filter(([, byEvent]) => isFinal(byEvent)).map(([state]) => `  ${stateId(state)} --> [*]`),
  ]
  return `${lines.join('\n')}\n`
}

function arrowLines(from: string, byEvent: DiagramTable[string]): string[] {
  return Object.entries(byEvent).flatMap(([event, arrows = []]) =>
    arrows.map((arrow, index) => `  ${stateId(from)} --> ${stateId(arrow.to)} : ${event}${label(arrow, index)}`),
  )
}

function label({ when, effects }: DiagramArrow, index: number): string {
  const guard = when !== undefined ? ` [${given(when.name, 'when') ?? '?'}]` : index > 0 ? ' [else]' : ''
  const effect = effects === undefined ? undefined : given(effects.name, 'effects')
  return guard + (effect === undefined ? '' : ` / ${effect}`)
}

/** The name somebody gave to a function; one written in place gets the name of its property, or none. */
function given(name: string, property: string): string | undefined {
  return name === '' || name === property ? undefined : name
}

function isFinal(byEvent: DiagramTable[string]): boolean {
  return Object.values(byEvent).every((arrows = []) => arrows.length === 0)
}

/** Mermaid takes only word characters in an id; any other name is declared beside it. */
function stateId(state: string): string {
  return state.replaceAll(/\W/g, '_')
}

function declaration(state: string): string[] {
  return stateId(state) === state ? [] : [`  state "${state}" as ${stateId(state)}`]
}
