import { SingleBar } from 'cli-progress'
import { describeError } from '../daemon/error-report.ts'
import { formatSize } from '../units.ts'
import { exitCodeOf } from './exit-codes.ts'

/** C0, C1 and bidirectional control characters: what a remote name could use to fool a terminal (threats.md A19). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text from elsewhere made safe for a terminal: control and bidi characters are shown as `\u{…}`. */
export function safeText(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** How a command speaks to its user. */
export interface Output {
  readonly json: boolean
  /** The command's result: JSON with `--json`, else what `human` makes of it. */
  result<T>(value: T, human: (value: T) => string): void
  /** A line for people only. */
  note(text: string): void
  /** A progress event: a bar on a terminal, a JSON line with `--json`, nothing otherwise. */
  progress(event: Record<string, unknown>): void
  /** Ends the progress bar, if there is one. */
  end(): void
}

/** Standard output and standard error of this process. */
export function createOutput({ json }: { json: boolean }): Output {
  let bar: SingleBar | undefined
  return {
    json,
    result(value, human) {
      this.end()
      const text = json ? JSON.stringify(value) : human(value)
      if (text !== '') process.stdout.write(`${text}\n`)
    },
    note(text) {
      if (!json) process.stderr.write(`${text}\n`)
    },
    progress(event) {
      if (json && !process.stdout.isTTY) process.stdout.write(`${JSON.stringify({ progress: event })}\n`)
      else if (!json && process.stderr.isTTY) bar = drawBar(bar, event)
    },
    end() {
      bar?.stop()
      bar = undefined
    },
  }
}

function drawBar(bar: SingleBar | undefined, event: Record<string, unknown>): SingleBar | undefined {
  const { done, total, step, unit } = event
  if (typeof done !== 'number') return bar
  const all = typeof total === 'number' && total > 0 ? total : done
  // Bytes, unless the event says what it counts.
  const amount =
    typeof unit === 'string' ? `${done} of ${all} ${safeText(unit)}` : `${formatSize(done)} of ${formatSize(all)}`
  const payload = { step: safeText(String(step ?? '')), amount }
  if (bar === undefined) {
    const started = new SingleBar({ format: '{step} [{bar}] {amount}', hideCursor: true, clearOnComplete: false })
    started.start(all, done, payload)
    return started
  }
  bar.setTotal(all)
  bar.update(done, payload)
  return bar
}

/** Reports a failure in one line (JSON with `--json`) on standard error and tells the exit code. */
export function reportFailure(error: unknown, { json }: { json: boolean }): number {
  const report = describeError(error)
  process.stderr.write(
    json ? `${JSON.stringify({ error: report })}\n` : `${report.code}: ${safeText(report.message)}\n`,
  )
  return exitCodeOf(report.code)
}

/** A table with aligned columns, for people. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(safeText))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
