import { defineConfig } from 'tsup'

/** What differs between packages; everything else is the same for all of them. */
interface LibraryOptions {
  /** Every file that package.json exports. Paths under src/ are kept under dist/. */
  readonly entry: string[]
  /** `neutral` for packages which also run in browsers. @default 'node' */
  readonly platform?: 'node' | 'neutral'
  /** Specifiers left alone, besides the dependencies. */
  readonly external?: string[]
}

/** JavaScript by tsup; declarations come from `tsc -p tsconfig.build.json`, because tsup cannot drive TypeScript 7. */
export function library({ entry, platform = 'node', external = [] }: LibraryOptions) {
  return defineConfig({
    entry,
    platform,
    external: [/^node:/, ...external],
    format: 'esm',
    target: 'node22',
    sourcemap: true,
    clean: true,
    dts: false,
    silent: true,
    // node:sqlite exists only under its full name.
    removeNodeProtocol: false,
  })
}
