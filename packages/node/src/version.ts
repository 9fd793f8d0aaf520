import { createRequire } from 'node:module'

/** This package's own manifest, found by its name: the path differs between the sources and the built files. */
const manifest = createRequire(import.meta.url)('@bitdust/node/package.json') as { readonly version: string }

/** Version of this software. */
export const VERSION = manifest.version

/** Name and version of this software, as identities tell it. Says nothing of the user's system. */
export const SOFTWARE_VERSION = `bitdust-ts ${VERSION}`
