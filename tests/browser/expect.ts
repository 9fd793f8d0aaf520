/** Checks for code that runs where no test framework is. Both throw an error which names what was wrong. */

/** Compares by value what JSON can tell apart, and bytes. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [a, b] = [textOf(actual), textOf(expected)]
  if (a !== b) throw new Error(`${what}: ${a.slice(0, 200)} instead of ${b.slice(0, 200)}`)
}

export function expectTrue(what: string, holds: boolean): void {
  if (!holds) throw new Error(`${what}: does not hold`)
}

/** What must fail with one of our codes. */
export async function expectCode(code: string, work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    const actual = (error as { readonly code?: unknown }).code
    if (actual === code) return
    throw new Error(`${code} was expected, not ${String(actual)}`, { cause: error })
  }
  throw new Error(`${code} was expected, but nothing was wrong`)
}

function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner) => (ArrayBuffer.isView(inner) ? Array.from(inner as Uint8Array) : inner)) ??
    'undefined'
  )
}
