import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Runs the bench of `@bitdust/raid`, which prints its own table of ratios to the bare library call. */
export async function benchRaid() {
  const script = join(import.meta.dirname, '../packages/raid/bench/raid.mjs')
  const child = spawn(process.execPath, [script], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the bench of raid ended with ${code}`)
}
