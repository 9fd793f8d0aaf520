import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname

/** The files of the page: path -> media type and bytes. `page.mjs` becomes scripts that a browser can load. */
export async function buildPage() {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'page.mjs')],
    bundle: true,
    // Parts that few keys need are loaded when such a key is met.
    splitting: true,
    format: 'esm',
    minify: true,
    write: false,
    outdir: here,
  })
  const scripts = outputFiles.map(({ path, contents }) => [`/${basename(path)}`, ['text/javascript', contents]])
  return new Map([
    ['/', ['text/html', await readFile(join(here, 'page.html'))]],
    ['/page.css', ['text/css', await readFile(join(here, 'page.css'))]],
    ...scripts,
  ])
}
