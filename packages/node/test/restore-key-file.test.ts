import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeKeyFile } from '@bitdust/crypto'
import { temporaryFolder } from '@bitdust/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { aliceKey, signAlice } from './own-folder.ts'

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** What `identity restore` says about a key file of this mode. The IDURL is none, so that it ends there at the latest. */
async function restoring(text: string, mode: number): Promise<string> {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'key')
  await writeFile(file, text)
  await chmod(file, mode)
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const restored = join(folder.path, 'node')
  await createProgram().parseAsync(['node', 'bitdust', 'identity', 'restore', file, 'nowhere', '--folder', restored])
  return said.mock.calls.map(([line]) => String(line)).join('')
}

test('T55 identity restore refuses a key file that others may read, and one that is too long', async () => {
  const { fingerprint: creator } = (await signAlice({ devices: [] })).document
  const keyId = 'master$alice@id.example.com'
  const text = await writeKeyFile({ kind: 'private', keyId, key: aliceKey, creator })
  expect(await restoring(text, 0o644)).toMatch(/^InsecureKeyPermissions: /)
  expect(process.exitCode).not.toBe(0)
  vi.restoreAllMocks()
  expect(await restoring('x'.repeat(64 * 1024 + 1), 0o600)).toMatch(/^LimitExceeded: /)
  vi.restoreAllMocks()
  expect(await restoring(text, 0o600)).toMatch(/^Idurl/)
})
