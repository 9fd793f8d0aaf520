import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { fileIdentityStore } from '../src/node/file-identity-store.ts'

const WRITER = new URL('./support/crash-writer.ts', import.meta.url)
const OLD = new TextEncoder().encode('old '.repeat(900))
const NEW = new TextEncoder().encode('new '.repeat(1000))

/** More operations than one put needs; the test fails if they do not suffice. */
const MOST_OPERATIONS = 30

/** @returns Whether the writer was killed; otherwise it came to its end. */
function runWriter(folder: string, killAt: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    ['--conditions=@bitdust/source', '--no-warnings', fileURLToPath(WRITER), folder, String(killAt)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(true)
      else if (code === 0) resolve(false)
      else reject(new Error(`writer ended with ${code ?? signal}`))
    })
  })
}

/** A process for each operation; on a busy machine each takes seconds. */
const CRASHES_TIMEOUT_MS = 90_000

test(
  'T17 kill -9 at each operation of storing a revision: the old document or the new one, whole',
  async () => {
    await using folder = await temporaryFolder()
    const seen: string[] = []
    for (let killAt = 1, killed = true; killed; killAt++) {
      expect(killAt).toBeLessThan(MOST_OPERATIONS)
      const path = join(folder.path, String(killAt))
      await mkdir(path, { mode: 0o700 })
      await fileIdentityStore(path).put('alice', OLD)
      killed = await runWriter(path, killAt)

      const store = fileIdentityStore(path)
      const { bytes } = (await store.get('alice'))!
      seen.push(Buffer.compare(bytes, OLD) === 0 ? 'old' : Buffer.compare(bytes, NEW) === 0 ? 'new' : 'torn')
      expect(await Array.fromAsync(store.list({ limit: 10 }))).toEqual(['alice'])
      expect(await readdir(path)).toEqual(['alice.xml'])
    }
    expect(seen).not.toContain('torn')
    expect(seen[0]).toBe('old')
    // Killed after the rename, and not killed at all.
    expect(seen.slice(-2)).toEqual(['new', 'new'])
  },
  CRASHES_TIMEOUT_MS,
)
