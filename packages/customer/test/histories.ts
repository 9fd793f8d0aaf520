import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import { type EntryHash, hashOf, type JournalId } from '@bitdust/records'
import type { MergedEntry } from '../src/catalog/merge.ts'
import type { Operation } from '../src/catalog/operation.ts'
import type { KnownEntry } from '../src/journal/types.ts'

/** Something that a writer did, with whatever he had merged. */
export interface Step {
  /** Who writes; each has one device and one journal. */
  readonly writer: string
  readonly put?: string
  readonly delete?: string
  /** Steps of others that he had seen, by their numbers. */
  readonly after?: readonly number[]
  /** Seconds since some moment. @default the number of the step */
  readonly at?: number
}

const START_MS = Date.UTC(2026, 0, 1)

export const writerOf = (name: string) => hashOf(new TextEncoder().encode(name)) as string as Fingerprint

/** Journal entries of several writers, as the catalog sees them. Numbers of steps go into `files` of what they put. */
export function historyOfSteps(steps: readonly Step[]): readonly MergedEntry[] {
  const entries: MergedEntry[] = []
  const last = new Map<string, KnownEntry>()
  for (const [number, step] of steps.entries()) {
    const writer = writerOf(step.writer)
    const device = writer as string as DeviceId
    const journal: JournalId = hashOf(new TextEncoder().encode(`journal of ${step.writer}`))
    const hash: EntryHash = hashOf(new TextEncoder().encode(`entry ${number}`))
    const before = last.get(step.writer)
    const heads = (step.after ?? []).map((other) => {
      const { journal: of, sequence, hash: seen } = entries[other]!.entry
      return { journal: of, sequence, hash: seen }
    })
    const date = START_MS + 1000 * (step.at ?? number)
    const kind = step.delete === undefined ? 'put' : 'delete'
    const entry: KnownEntry = {
      hash,
      journal,
      writer,
      device,
      epoch: 0,
      sequence: before === undefined ? 0 : before.sequence + 1,
      previous: before?.hash ?? null,
      heads,
      family: 1,
      date,
      kind,
      generation: 1,
    }
    const written = { id: hash, path: step.delete ?? step.put ?? '', writer, device, date }
    const name = written.path.split('/').at(-1)!
    const root = { name, kind: 'file', mode: 0o644, mtime: date, size: number, files: 1 } as const
    const operation: Operation = kind === 'put' ? { ...written, kind, root } : { ...written, kind }
    entries.push({ entry, operation })
    last.set(step.writer, entry)
  }
  return entries
}
