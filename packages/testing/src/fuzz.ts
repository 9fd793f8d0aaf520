import fc from 'fast-check'

/** One parser and what must hold for whatever it is given. */
export interface FuzzTarget<I extends string | Uint8Array = string | Uint8Array, T = unknown> {
  /** As in `npm run fuzz -- --only NAME`, and the name of its folder in the corpus. */
  readonly name: string
  /** Valid inputs, from which others are made. */
  readonly seeds: readonly I[]
  /** Pieces that mean something to this parser; text is UTF-8 for a parser of bytes. */
  readonly tokens?: readonly (string | Uint8Array)[]
  parse(input: I): T | Promise<T>
  /** Writes what was parsed: then parsing it again must give the same. For parsers without a writer: absent. */
  format?(value: T): I | Promise<I>
  /** Errors that the parser may throw: the codes for each name. Anything else is a bug. */
  readonly errors: Readonly<Record<string, readonly string[]>>
}

/** How one target did. */
export interface FuzzReport {
  readonly executions: number
  /** Inputs that were accepted. A parser that accepts none is not tested far inside. */
  readonly accepted: number
  /** The smallest input found that breaks a rule, and which; null when all is well. */
  readonly failure: { readonly input: string | Uint8Array; readonly rule: string } | null
}

/** Most time of the processor that one input may take, in ms (`threats.md` section 2). */
const MAX_MS = 100
/** Inputs never grow beyond this, in characters or bytes. */
const MAX_LENGTH = 128 * 1024
/** Measured again so often before a slow answer counts: memory is tidied up and code is compiled at any time. */
const MEASURED_AGAIN = 3

/** What hurts parsers in general. */
const COMMON_TOKENS = [
  '',
  ' ',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '0',
  '-1',
  '1e9',
  '9007199254740993',
  '\u{FEFF}',
  '\u00a0',
  '\u0661',
  '\u202e',
  '\ud800',
  '\u{1F600}',
  'é',
  '<',
  '&',
  '"',
  '\\',
  '/',
  '../',
  '%00',
  '$',
  '@',
  '#',
  ':',
  '_',
  '[',
  '=',
  '__proto__',
  'constructor',
]

/** A step from one input to the next; positions are taken modulo the length. */
interface Step {
  readonly kind: number
  readonly at: number
  readonly span: number
  readonly to: number
  readonly token: string
}

/** Tries inputs made from the seeds until `runs` are done or one breaks a rule, which is then made as small as possible. */
export async function fuzz<I extends string | Uint8Array, T>(
  target: FuzzTarget<I, T>,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): Promise<FuzzReport> {
  let executions = 0
  let accepted = 0
  const property = fc.asyncProperty(mutated(target), async (input) => {
    executions += 1
    if (await tryInput(target, input)) accepted += 1
  })
  const result = await fc.check(property, { numRuns: runs, seed })
  if (!result.failed) return { executions, accepted, failure: null }
  const [input] = result.counterexample ?? [target.seeds[0] ?? '']
  const rule = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance)
  return { executions, accepted, failure: { input, rule } }
}

/**
 * Gives one input to a parser and checks the rules.
 *
 * @returns Whether it was accepted.
 * @throws {Error} Naming the rule that is broken.
 */
export async function tryInput<I extends string | Uint8Array, T>(target: FuzzTarget<I, T>, input: I): Promise<boolean> {
  const first = await attempt(target, input)
  let fastest = first.ms
  for (let again = 0; fastest > MAX_MS && again < MEASURED_AGAIN; again++)
    fastest = Math.min(fastest, (await attempt(target, input)).ms)
  if (fastest > MAX_MS) throw new Error(`${target.name} took ${Math.round(fastest)} ms`)
  if ('error' in first) {
    checkError(target, first.error)
    return false
  }
  if (target.format !== undefined) await checkRoundTrip(target, target.format, first.value)
  return true
}

async function attempt<I extends string | Uint8Array, T>(
  { parse }: FuzzTarget<I, T>,
  input: I,
): Promise<{ readonly ms: number } & ({ readonly value: T } | { readonly error: unknown })> {
  const start = process.cpuUsage()
  const spent = () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  try {
    const value = await parse(input)
    return { ms: spent(), value }
  } catch (error) {
    return { ms: spent(), error }
  }
}

function checkError({ name, errors }: Pick<FuzzTarget, 'name' | 'errors'>, error: unknown): void {
  if (!(error instanceof Error)) throw new Error(`${name} threw ${String(error)}, which is no error`)
  const { code } = error as { readonly code?: unknown }
  if (typeof code !== 'string' || !(errors[error.name] ?? []).includes(code))
    throw new Error(`${name} threw ${error.name} ${String(code)}: ${error.message}`, { cause: error })
}

async function checkRoundTrip<I extends string | Uint8Array, T>(
  { name, parse }: FuzzTarget<I, T>,
  format: (value: T) => I | Promise<I>,
  value: T,
): Promise<void> {
  const written = await format(value)
  const again = await parse(written)
  if (shown(again) !== shown(value))
    throw new Error(`${name}: ${shown(value)} was written as ${shown(written)} and read as ${shown(again)}`)
  if (shown(await format(again)) !== shown(written))
    throw new Error(`${name}: ${shown(written)} was written in two ways`)
}

/** A text that differs when the value does. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Uint8Array) return `bytes ${Array.from(item, (byte) => byte.toString(16)).join(' ')}`
    if (typeof item === 'bigint') return `bigint ${item}`
    return item === undefined ? 'undefined' : item
  })
}

function mutated<I extends string | Uint8Array>({ seeds, tokens = [] }: FuzzTarget<I>): fc.Arbitrary<I> {
  const isText = typeof seeds[0] === 'string'
  const raw = seeds.map(toRaw)
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.nat(9),
    at: fc.nat(),
    span: fc.oneof(fc.nat(8), fc.nat(64), fc.nat()),
    to: fc.nat(),
    token: fc.constantFrom(
      ...[...COMMON_TOKENS, ...tokens].map((token) =>
        toRaw(typeof token === 'string' && !isText ? new TextEncoder().encode(token) : token),
      ),
    ),
  })
  return fc
    .tuple(fc.nat(raw.length - 1), fc.nat(raw.length - 1), fc.array(step, { maxLength: 5 }))
    .map(([index, other, steps]) => {
      const text = steps.reduce((at, next) => take(at, next, raw[other] ?? ''), raw[index] ?? '')
      return (isText ? text : fromRaw(text)) as I
    })
}

/** One character per byte, so that text and bytes are changed by the same steps. */
function toRaw(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : Buffer.from(input).toString('latin1')
}

function fromRaw(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

function repeated(text: string, times: number): string {
  return text.repeat(Math.min(times, Math.ceil(MAX_LENGTH / Math.max(1, text.length))))
}

function take(text: string, { kind, at, span, to, token }: Step, other: string): string {
  const start = text.length === 0 ? 0 : at % (text.length + 1)
  const end = Math.min(text.length, start + (span % (text.length + 1)))
  const [before, inside, behind] = [text.slice(0, start), text.slice(start, end), text.slice(end)]
  const splice = (piece: string) => (before + piece + behind).slice(0, MAX_LENGTH)
  switch (kind) {
    case 0:
      return splice(inside + token)
    case 1:
      return splice(token)
    case 2:
      return before + behind
    case 3:
      return splice(inside + inside)
    case 4:
      return before + String.fromCharCode(to % 256) + text.slice(start + 1)
    case 5:
      return before + String.fromCharCode((text.charCodeAt(start) || 0) ^ (1 << (to % 8))) + text.slice(start + 1)
    case 6:
      return before
    case 7: {
      const from = to % (other.length + 1)
      return splice(other.slice(from, from + span))
    }
    case 8:
      return splice(repeated(inside === '' ? token : inside, 2 ** (to % 12)))
    default:
      return behind + inside + before
  }
}
