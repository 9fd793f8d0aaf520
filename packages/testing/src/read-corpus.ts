import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FuzzTarget } from './fuzz.ts'

/**
 * The inputs that once broke a parser, or may break the next version of it: the files of the folder that is named like
 * the target, with their names.
 *
 * @param folder - With one folder per target.
 */
export async function readCorpus(
  folder: string,
  { name, seeds }: FuzzTarget,
): Promise<readonly (readonly [file: string, input: string | Uint8Array])[]> {
  const inside = join(folder, name)
  if (!existsSync(inside)) return []
  const isText = typeof seeds[0] === 'string'
  const files = (await readdir(inside)).sort()
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(inside, file))
      return [file, isText ? bytes.toString() : Uint8Array.from(bytes)] as const
    }),
  )
}
