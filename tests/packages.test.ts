/** Every public package, packed as it would be published, installed by npm and used the way its README says. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment, packedApp } from './packed-app.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const EXAMPLE_TIMEOUT_MS = 120_000

interface Manifest {
  readonly name: string
  readonly private?: boolean
}

interface Example {
  readonly language: 'js' | 'ts'
  readonly code: string
}

const publicPackages = globSync('packages/*/package.json', { cwd: root })
  .map((file) => ({ folder: join(root, dirname(file)), manifest: readManifest(join(root, file)) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ folder, manifest }) => ({ folder, name: manifest.name }))

describe('packages as a user gets them', () => {
  let folder: TemporaryFolder

  beforeAll(async () => {
    folder = await temporaryFolder()
    await packedApp(
      folder.path,
      publicPackages.map((one) => basename(one.folder)),
      {},
    )
  })

  afterAll(() => folder?.[Symbol.asyncDispose]())

  test.each(publicPackages)('the example in the README of $name runs', async ({ folder: source, name }) => {
    const example = firstExample(readFileSync(join(source, 'README.md'), 'utf8'))
    if (example === null) throw new Error(`README.md of ${name} has no js or ts code under "## Example"`)
    const file = `${basename(source)}-example.${example.language === 'ts' ? 'mts' : 'mjs'}`
    await writeFile(join(folder.path, file), example.code)
    await expect(command(process.execPath, [file], folder.path, EXAMPLE_TIMEOUT_MS)).resolves.toBeDefined()
  })
})

/** The first js or ts code block below the heading "## Example" and above the next heading of that level. */
function firstExample(readme: string): Example | null {
  const [, section] = readme.split(/^## Example\s*$/m)
  const block = section?.split(/^## /m)[0]?.match(/^```(js|ts)\s*\n([\s\S]*?)^```/m)
  if (block?.[1] === undefined || block[2] === undefined) return null
  return { language: block[1] as Example['language'], code: block[2] }
}

async function command(file: string, args: string[], cwd: string, timeout = 0): Promise<string> {
  try {
    const { stdout } = await run(file, args, { cwd, timeout, env: { ...cleanEnvironment(), NODE_ENV: 'production' } })
    return stdout
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${basename(file)} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause })
  }
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8'))
}
