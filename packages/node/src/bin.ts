#!/usr/bin/env node
// The rest is imported later: an older Node fails while reading it, and does not say why.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) {
  const { createProgram } = await import('./cli/program.ts')
  await createProgram().parseAsync()
} else {
  process.stderr.write(`bitdust needs Node 22.18 or later, this is ${process.versions.node}\n`)
  process.exitCode = 2
}
