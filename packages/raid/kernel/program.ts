/** A row of bytes that a program computes or reads; null is the row of zeros. */
export type Value = number | null

/** One step of a program. `load` and `store` name rows, everything else values; `product` is a + factor * b. */
export type Step =
  | { readonly do: 'load'; readonly to: number; readonly row: number }
  | { readonly do: 'sum'; readonly to: number; readonly a: number; readonly b: number }
  | {
      readonly do: 'product'
      readonly to: number
      readonly a: Value
      readonly b: number
      readonly factor: number
    }
  | { readonly do: 'store'; readonly value: number; readonly row: number }

/** Writes down straight-line arithmetic over rows of bytes. */
export class Program {
  #steps: Step[] = []
  #values = 0

  load(row: number): Value {
    return this.#add((to) => ({ do: 'load', to, row }))
  }

  sum(a: Value, b: Value): Value {
    if (a === null) return b
    if (b === null) return a
    return this.#add((to) => ({ do: 'sum', to, a, b }))
  }

  /** a + factor * b */
  plusTimes(a: Value, b: Value, factor: number): Value {
    if (factor === 0 || b === null) return a
    if (factor === 1) return this.sum(a, b)
    return this.#add((to) => ({ do: 'product', to, a, b, factor }))
  }

  store(value: Value, row: number): void {
    if (value === null) throw new RangeError(`row ${row} would be zero`)
    this.#steps.push({ do: 'store', value, row })
  }

  /** Only what leads to a store, each row loaded when it is first needed and stored when it is known: few values at a time. */
  steps(): Step[] {
    const needed = new Set<number>()
    const useful = this.#steps.toReversed().filter((step) => {
      if (step.do !== 'store' && !needed.has(step.to)) return false
      for (const value of operands(step)) needed.add(value)
      return true
    })
    const loads = new Map(useful.flatMap((step) => (step.do === 'load' ? [[step.to, step]] : [])))
    const stores = Map.groupBy(
      useful.filter((step) => step.do === 'store'),
      (step) => step.value,
    )
    const ordered: Step[] = []
    const place = (step: Exclude<Step, { do: 'store' }>) => ordered.push(step, ...(stores.get(step.to) ?? []))
    for (const step of useful.toReversed()) {
      if (step.do === 'load' || step.do === 'store') continue
      for (const value of operands(step)) {
        const load = loads.get(value)
        if (load !== undefined) place(load)
        loads.delete(value)
      }
      place(step)
    }
    return ordered
  }

  #add(make: (to: number) => Step): number {
    const value = this.#values++
    this.#steps.push(make(value))
    return value
  }
}

function operands(step: Step): number[] {
  if (step.do === 'load') return []
  if (step.do === 'store') return [step.value]
  return step.a === null ? [step.b] : [step.a, step.b]
}
