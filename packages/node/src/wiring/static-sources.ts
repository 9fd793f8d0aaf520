import { type Idurl, parseIdurl } from '@bitdust/identity'
import { type Config, completeConfig, mergeConfig, type PartialConfig, readConfig, writeConfig } from '../config.ts'

/** Sources to which the user copies the identity himself, kept in `config.json`. */
export interface StaticSources {
  has(source: Idurl): boolean
  /** Folder of the exported site that is kept up to date; empty for none. */
  folder(): string
  /**
   * Adds a source, and the folder out of which the user copies. In force at once.
   *
   * @returns Takes both back, to what was before.
   */
  add(source: Idurl, folder: string): Promise<() => Promise<void>>
}

/** @param file - `config.json`, which others may change while the node runs. */
export function createStaticSources(file: string, { identity }: Pick<Config, 'identity'>): StaticSources {
  const sources = new Set(identity.staticSources.map((text) => parseIdurl(text, { allowPrivate: true })))
  let folder = identity.siteFolder

  async function keep(): Promise<void> {
    const change: PartialConfig = { identity: { staticSources: [...sources], siteFolder: folder } }
    await writeConfig(file, completeConfig(mergeConfig(await readConfig(file), change)))
  }

  return {
    has: (source) => sources.has(source),
    folder: () => folder,
    async add(source, siteFolder) {
      const before = { isThere: sources.has(source), folder }
      sources.add(source)
      folder = siteFolder
      await keep()
      return async () => {
        if (!before.isThere) sources.delete(source)
        folder = before.folder
        await keep()
      }
    },
  }
}
