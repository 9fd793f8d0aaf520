import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openIdentity } from '@bitdust/identity'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { fileIdentityStore } from '../src/node/file-identity-store.ts'
import { makeIdentity } from './support/identities.ts'
import { startServing } from './support/program.ts'

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

/** How often a server is killed, and the revisions that each name gets before and after. */
const KILLS = process.env.BITDUST_LONG === '1' ? 30 : 3
const REVISIONS_PER_KILL = 20

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

test(
  'T17 kill -9 of a server that takes uploads: whole documents, and none that was acknowledged is lost',
  async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'identities')
    const names = ['u1', 'u2', 'u3', 'u4']
    const revisions = await Promise.all(
      Array.from({ length: KILLS * REVISIONS_PER_KILL }, (_, index) =>
        Promise.all(
          names.map((name) => makeIdentity({ sources: [`http://id.example/${name}.xml`], revision: index + 1 })),
        ),
      ),
    )
    /** The last revision that was acknowledged, by name. */
    const acknowledged = new Map<string, number>()
    for (let kill = 0; kill < KILLS; kill++) {
      // Uploads are ten a minute for each address, so every one comes from another, by way of a proxy.
      const server = await startServing(path, '--trusted-proxy', '127.0.0.1')
      let senders = 0
      const uploads = names.map(async (name, place) => {
        for (let index = 0; index < REVISIONS_PER_KILL; index++) {
          const revision = kill * REVISIONS_PER_KILL + index + 1
          const sender = `9.${kill}.${senders++}.1`
          const answer = await fetch(`http://127.0.0.1:${server.port}/${name}.xml`, {
            method: 'PUT',
            body: revisions[revision - 1]![place]!,
            headers: { 'x-forwarded-for': sender },
          }).catch(() => null)
          if (answer === null) return
          expect([200, 201]).toContain(answer.status)
          acknowledged.set(name, revision)
          // In the middle of the writes of the others.
          if (place === 0 && index === REVISIONS_PER_KILL / 2) server.child.kill('SIGKILL')
        }
      })
      await Promise.all(uploads)
      await server.ended
      const store = fileIdentityStore(path)
      for (const name of names) {
        const stored = await store.get(name)
        if (stored === null) expect(acknowledged.has(name)).toBe(false)
        else expect((await openIdentity(stored.bytes)).revision).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0)
      }
      expect((await readdir(path)).filter((file) => !/^u[1-4]\.xml$/.test(file))).toEqual([])
    }
    expect(acknowledged.size).toBe(names.length)
  },
  CRASHES_TIMEOUT_MS,
)
