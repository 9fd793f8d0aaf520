/** Every public package, packed as it would be published, installed by npm and used the way its README says. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

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
  let workspace: string
  let app: string

  beforeAll(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'bitdust-packages-'))
    const tarballs = await packAll(join(workspace, 'tarballs'))
    app = join(workspace, 'app')
    await install(app, tarballs)
  })

  afterAll(async () => {
    if (workspace !== undefined) await rm(workspace, { recursive: true, force: true })
  })

  test.each(publicPackages)('the example in the README of $name runs', async ({ folder, name }) => {
    const example = firstExample(readFileSync(join(folder, 'README.md'), 'utf8'))
    if (example === null) throw new Error(`README.md of ${name} has no js or ts code under "## Example"`)
    const file = `${basename(folder)}-example.${example.language === 'ts' ? 'mts' : 'mjs'}`
    await writeFile(join(app, file), example.code)
    await expect(command(process.execPath, [file], app, EXAMPLE_TIMEOUT_MS)).resolves.toBeDefined()
  })
})

/** Packs into `folder` one package after another. Returns package name -> path of its tarball. */
async function packAll(folder: string): Promise<Record<string, string>> {
  const tarballs: Record<string, string> = {}
  for (const { name, folder: source } of publicPackages) {
    const destination = join(folder, basename(source))
    await mkdir(destination, { recursive: true })
    await command('pnpm', ['pack', '--pack-destination', destination], source)
    const [tarball] = await readdir(destination)
    if (tarball === undefined) throw new Error(`pnpm pack made no tarball of ${name}`)
    tarballs[name] = join(destination, tarball)
  }
  return tarballs
}

/** Installs all tarballs with npm, which must take none of our packages from a registry. */
async function install(folder: string, tarballs: Record<string, string>): Promise<void> {
  const dependencies = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]))
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]))
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'app', version: '0.0.0', private: true, type: 'module', dependencies, overrides }),
  )
  await command('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], folder)
}

/** The first js or ts code block below the heading "## Example" and above the next heading of that level. */
function firstExample(readme: string): Example | null {
  const [, section] = readme.split(/^## Example\s*$/m)
  const block = section?.split(/^## /m)[0]?.match(/^```(js|ts)\s*\n([\s\S]*?)^```/m)
  if (block?.[1] === undefined || block[2] === undefined) return null
  return { language: block[1] as Example['language'], code: block[2] }
}

async function command(file: string, args: string[], cwd: string, timeout = 0): Promise<string> {
  try {
    const { stdout } = await run(file, args, { cwd, timeout, env: childEnvironment() })
    return stdout
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${basename(file)} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause })
  }
}

/** The same Node for everything, and nothing of the `npm test` that started us. */
function childEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(package|lifecycle)_/.test(name) && name !== 'npm_config_local_prefix' && name !== 'NODE_OPTIONS',
  )
  const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(kept), NODE_ENV: 'production', PATH: path }
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8'))
}
