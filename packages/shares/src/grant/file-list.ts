import { utf8Encode } from '@bitdust/crypto'
import { MAX_LISTED_FILES, MAX_LISTED_PATH_BYTES } from '../limits.ts'
import type { CallOptions, SharedFile, ShareFiles, ShareLocation } from '../ports.ts'

/** The first names of a location, as many as one packet takes. */
export async function fileList<L extends ShareLocation>(
  files: ShareFiles<L>,
  location: L,
  { signal }: CallOptions,
): Promise<{ readonly files: readonly SharedFile[]; readonly complete: boolean }> {
  const listed: SharedFile[] = []
  let pathBytes = 0
  for await (const { path, kind, size } of files.list('', { location, signal })) {
    pathBytes += utf8Encode(path).length
    if (listed.length === MAX_LISTED_FILES || pathBytes > MAX_LISTED_PATH_BYTES)
      return { files: listed, complete: false }
    listed.push({ path, kind, size })
  }
  return { files: listed, complete: true }
}
