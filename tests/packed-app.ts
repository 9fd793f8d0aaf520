import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

/**
 * Makes a folder in which packages of ours are installed from their tarballs, as a stranger gets them by plain npm.
 *
 * @param folder - Must not exist.
 * @param names - All that are needed, without scope; none of ours may come from a registry.
 * @param others - What else is installed, name -> range.
 */
export async function packedApp(
  folder: string,
  names: readonly string[],
  others: Readonly<Record<string, string>>,
): Promise<void> {
  const ours: Record<string, string> = {}
  for (const name of names) ours[`@bitdust/${name}`] = `file:${await pack(name, join(folder, 'tarballs', name))}`
  const overrides = Object.fromEntries(Object.keys(ours).map((name) => [name, `$${name}`]))
  const manifest = { name: 'app', version: '0.0.0', private: true, type: 'module' }
  const dependencies = { ...others, ...ours }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, dependencies, overrides }))
  const options = { cwd: folder, env: cleanEnvironment() }
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], options)
}

/** The same Node for everything, and nothing of the `npm test` that started us. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(package|lifecycle)_/.test(name) && name !== 'npm_config_local_prefix' && name !== 'NODE_OPTIONS',
  )
  const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path }
}

/** @returns The path of the tarball. */
async function pack(name: string, destination: string): Promise<string> {
  await mkdir(destination, { recursive: true })
  const options = { cwd: join(root, 'packages', name), env: cleanEnvironment() }
  await run('pnpm', ['pack', '--pack-destination', destination], options)
  const [tarball] = await readdir(destination)
  if (tarball === undefined) throw new Error(`pnpm pack made no tarball of ${name}`)
  return join(destination, tarball)
}
