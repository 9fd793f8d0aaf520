/** The exports of a package under the same names, and which of its functions nobody has called yet. */
export interface Watched<T> {
  readonly exports: T
  unused(): string[]
}

/** Wraps every exported function and class, so that a test can tell what it has not exercised. */
export function watch<T extends object>(name: string, namespace: T): Watched<T> {
  const unused = new Set<string>()
  const wrapped = Object.entries(namespace).map(([key, value]) => {
    if (typeof value !== 'function') return [key, value]
    unused.add(`${name}.${key}`)
    const note = () => unused.delete(`${name}.${key}`)
    return [
      key,
      new Proxy(value, {
        apply(target, self, args) {
          note()
          return Reflect.apply(target, self, args)
        },
        // What `instanceof` looks at.
        get(target, property) {
          if (property === 'prototype') note()
          return Reflect.get(target, property)
        },
      }),
    ]
  })
  return { exports: Object.fromEntries(wrapped) as T, unused: () => [...unused] }
}
