import { lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyTree } from './copy-tree.mjs'
import { lookAtTree } from './look-at-tree.mjs'
import { StepError } from './step-error.mjs'

const MIB = 2 ** 20
/** Packages are added to the default input until it is as large as this, in bytes. */
const ENOUGH_BYTES = 120 * MIB
/** Packages larger than this are left out, in bytes: programs of one file, where thousands of files are wanted. */
const LARGEST_PACKAGE_BYTES = 24 * MIB

/**
 * What the job stores: a copy that nobody else changes.
 *
 * @typedef {import('./look-at-tree.mjs').TreeSummary & { folder: string, largest: string }} Input
 */

/**
 * Copies what is to be stored into the folder of this run.
 *
 * @param {object} options
 * @param {string} options.repository Root of this repository.
 * @param {string | undefined} options.folder Folder that the user named; without one the repository and its packages are taken.
 * @param {string} options.target Where the copy goes; must not exist.
 * @param {ReadonlySet<string>} options.except Absolute paths that are not copied: those this job writes itself.
 * @param {AbortSignal} options.signal
 * @returns {Promise<Input>}
 * @throws {StepError} `FolderInvalid`: no folder, or one without any file.
 */
export async function makeInput({ repository, folder, target, except, signal }) {
  if (folder === undefined) await copyRepository(repository, target, { except, signal })
  else {
    const status = await lstat(folder).catch(() => null)
    if (!status?.isDirectory()) throw new StepError('FolderInvalid', `${folder} is not a folder; name one, or none`)
    await copyTree(folder, target, { except, signal })
  }
  const { largest, ...summary } = lookAtTree(target)
  if (largest === null) throw new StepError('FolderInvalid', `${folder} has no files; name a folder with some`)
  return { ...summary, largest, folder: target }
}

/**
 * The repository with its git history, and as many of its installed packages as make the input large enough. Then
 * whatever kind of thing a folder can hold is in it.
 *
 * @param {string} repository
 * @param {string} target
 * @param {{ except: ReadonlySet<string>, signal: AbortSignal }} options
 */
async function copyRepository(repository, target, { except, signal }) {
  const modules = join(repository, 'node_modules')
  await copyTree(repository, target, { except: new Set([...except, modules, join(repository, '.turbo')]), signal })
  const packages = join('node_modules', '.pnpm')
  await mkdir(join(target, packages), { recursive: true })
  let { bytes } = lookAtTree(target)
  for (const name of await packagesIn(join(repository, packages))) {
    if (bytes >= ENOUGH_BYTES) break
    const size = lookAtTree(join(repository, packages, name)).bytes
    if (size > LARGEST_PACKAGE_BYTES) continue
    await copyTree(join(repository, packages, name), join(target, packages, name), { except, signal })
    bytes += size
  }
  const { executables, symlinks, emptyFolders } = lookAtTree(target)
  if (emptyFolders === 0) await mkdir(join(target, 'an empty folder'))
  if (executables === 0) await writeFile(join(target, 'run-me'), '#!/bin/sh\necho ran\n', { mode: 0o755 })
  if (symlinks === 0) await symlink('package.json', join(target, 'a-link'))
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>} Names of the packages, in order; none where nothing is installed.
 */
async function packagesIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}
