// Writes the diagram of every state machine to docs/machines, from the tables that the built packages export as
// `machines`. Build first. With --check nothing is written: fails when a diagram is missing, differs or is left over.
//
//   node scripts/diagrams.mjs [--check] [FOLDER]
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true })
const folder = positionals[0] ?? join(root, 'docs/machines')

const { toMermaid } = await importBuilt('packages/machine/package.json')
const pages = pagesOf(await findMachines())
const stale = globSync('*.md', { cwd: folder }).filter((file) => !pages.has(file))

if (values.check) check()
else write()

function check() {
  const problems = stale.map((file) => `${file}: no package exports this machine`)
  for (const [file, text] of pages) {
    const path = join(folder, file)
    if (!existsSync(path)) problems.push(`${file}: missing`)
    else if (readFileSync(path, 'utf8') !== text) problems.push(`${file}: differs from its table`)
  }
  if (problems.length > 0) fail([...problems.sort(), 'Write them anew: node scripts/diagrams.mjs'])
  console.log(`diagrams: ${pages.size - 1} machines as in their tables`)
}

function write() {
  mkdirSync(folder, { recursive: true })
  for (const file of stale) rmSync(join(folder, file))
  for (const [file, text] of pages) writeFileSync(join(folder, file), text)
  console.log(`diagrams: ${pages.size - 1} machines in ${relative(process.cwd(), folder) || '.'}`)
}

/** All machines with the package of each, sorted by name. */
async function findMachines() {
  const found = []
  for (const manifest of globSync('packages/*/package.json', { cwd: root }).sort()) {
    const { machines = [], name } = await importBuilt(manifest)
    for (const machine of machines) found.push({ ...machine, package: name })
  }
  const problems = found.flatMap(({ name, package: owner }, index) => {
    if (!/^[a-z]+(-[a-z]+)*$/.test(name)) return [`${owner}: "${name}" is no name for a machine, use words and hyphens`]
    const first = found.findIndex((other) => other.name === name)
    return first < index ? [`${owner}: ${found[first].package} has a machine "${name}" too`] : []
  })
  if (found.length === 0) problems.push('no package exports machines')
  if (problems.length > 0) fail(problems)
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** File name -> text: one page per machine and an index. */
function pagesOf(machines) {
  const index = machines.map(({ name, package: owner }) => `| [${name}](${name}.md) | \`${owner}\` |\n`).join('')
  const pages = new Map([
    [
      'README.md',
      `# State machines\n\nWritten by \`node scripts/diagrams.mjs\` from the tables in the packages. A line reads \`from --> to : event [guard] / effects\`.\n\n| machine | package |\n|---|---|\n${index}`,
    ],
  ])
  for (const { name, table, initial, package: owner } of machines) {
    pages.set(
      `${name}.md`,
      `# ${name}\n\nOf \`${owner}\`. Written by \`node scripts/diagrams.mjs\` from the table, not by hand.\n\n\`\`\`mermaid\n${toMermaid(name, table, initial)}\`\`\`\n`,
    )
  }
  return pages
}

/** What a package exports to its users, and its name. */
async function importBuilt(manifest) {
  const { name, exports } = JSON.parse(readFileSync(join(root, manifest), 'utf8'))
  const entry = join(root, dirname(manifest), exports['.'].default)
  if (!existsSync(entry)) fail([`${relative(root, entry)}: not built`])
  return { ...(await import(pathToFileURL(entry).href)), name }
}

function fail(problems) {
  for (const problem of problems) console.error(problem)
  process.exit(1)
}
