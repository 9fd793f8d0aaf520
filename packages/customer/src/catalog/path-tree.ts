/** Values at paths, reached from any path above or below them. The root is the path `''`. */
export interface PathTree<Value> {
  add(path: string, value: Value): void
  /** Values at this path and at all paths above it, from the top. */
  covering(path: string): readonly Value[]
  /** Names directly below a path, where there is a value at them or somewhere below them; in no order. */
  namesBelow(path: string): readonly string[]
}

interface PathNode<Value> {
  readonly values: Value[]
  readonly below: Map<string, PathNode<Value>>
}

export function createPathTree<Value>(): PathTree<Value> {
  const root = createNode<Value>()

  return {
    add(path, value) {
      let node = root
      for (const name of namesOf(path)) {
        const next = node.below.get(name) ?? createNode<Value>()
        node.below.set(name, next)
        node = next
      }
      node.values.push(value)
    },
    covering(path) {
      const found = [...root.values]
      let node: PathNode<Value> | undefined = root
      for (const name of namesOf(path)) {
        node = node.below.get(name)
        if (node === undefined) break
        found.push(...node.values)
      }
      return found
    },
    namesBelow(path) {
      let node: PathNode<Value> | undefined = root
      for (const name of namesOf(path)) node = node?.below.get(name)
      return [...(node?.below.keys() ?? [])]
    },
  }
}

/** The components of a path; none for the root. */
export function namesOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/')
}

/** A path one step deeper. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

function createNode<Value>(): PathNode<Value> {
  return { values: [], below: new Map() }
}
