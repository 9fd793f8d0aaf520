// Fails when a package imports from its own layer or above, imports what it does not declare, or uses Node in a file
// that also runs in browsers. Run from anywhere: `node scripts/check-layers.mjs`.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

const root = join(import.meta.dirname, '..')

const trade = ['upkeep', 'records', 'identity', 'crypto', 'raid', 'machine']

/** Which packages each package may import, besides itself. */
const allowed = {
  crypto: [],
  raid: [],
  machine: [],
  testing: [],
  identity: ['crypto', 'machine'],
  records: ['identity', 'crypto'],
  transport: ['identity', 'crypto', 'machine'],
  idserver: ['identity', 'crypto', 'machine'],
  upkeep: ['records', 'identity', 'crypto', 'raid', 'machine'],
  dht: ['records', 'identity', 'crypto'],
  supplier: trade,
  customer: trade,
  shares: ['records', 'identity', 'crypto', 'machine'],
  node: [...trade, 'transport', 'idserver', 'dht', 'supplier', 'customer', 'shares'],
}

/** Packages that run on Node only. */
const nodeOnly = new Set(['node', 'testing'])

const problems = []
const published = new Set()
const packageNames = globSync('packages/*/package.json', { cwd: root }).map((file) => file.split(sep)[1])

for (const name of packageNames)
  if (readManifest(`packages/${name}`).private !== true) published.add(`@bitdust/${name}`)
for (const name of packageNames) checkPackage(name)
for (const file of globSync('examples/*/package.json', { cwd: root })) checkExample(dirname(file))

if (problems.length > 0) {
  for (const problem of problems) console.error(problem)
  console.error(`\n${problems.length} problem(s) with layers`)
  process.exit(1)
}
console.log(`layers: ${packageNames.length} packages in order`)

function checkPackage(name) {
  const folder = `packages/${name}`
  const below = allowed[name]
  if (below === undefined) {
    problems.push(`${folder}: unknown package, give it a place in scripts/check-layers.mjs`)
    return
  }
  const declared = declaredDependencies(folder)
  for (const dependency of declared) {
    const target = bitdustName(dependency)
    if (target !== null && !below.includes(target))
      problems.push(`${folder}/package.json: ${name} may not depend on ${target}`)
  }
  for (const file of sources(`${folder}/src`)) {
    for (const specifier of importsOf(file)) checkImport({ name, folder, file, specifier, declared, below })
  }
}

function checkImport({ name, folder, file, specifier, declared, below }) {
  if (specifier.startsWith('.')) {
    const target = relative(join(root, folder, 'src'), resolve(root, dirname(file), specifier))
    if (target.startsWith('..')) problems.push(`${file}: "${specifier}" leaves src`)
    return
  }
  if (specifier.startsWith('#')) return
  if (specifier.startsWith('node:')) {
    if (!nodeOnly.has(name) && !mayUseNode(file)) {
      problems.push(`${file}: "${specifier}" in a platform-neutral file; put it in files.ts, node.ts or libp2p/`)
    }
    return
  }
  const dependency = packageOf(specifier)
  const target = bitdustName(dependency)
  if (target === name) return
  if (target === 'testing') problems.push(`${file}: sources may not import @bitdust/testing`)
  else if (target !== null && !below.includes(target)) problems.push(`${file}: ${name} may not import ${target}`)
  else if (!declared.has(dependency))
    problems.push(`${file}: "${dependency}" is not in the dependencies of ${folder}/package.json`)
}

/** Examples import only what an outside user could install. */
function checkExample(folder) {
  const declared = declaredDependencies(folder)
  for (const file of sources(folder)) {
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('node:')) continue
      if (specifier.startsWith('.')) {
        const target = relative(join(root, folder), resolve(root, dirname(file), specifier))
        if (target.startsWith('..')) problems.push(`${file}: "${specifier}" leaves the example`)
        continue
      }
      const dependency = packageOf(specifier)
      if (bitdustName(dependency) !== null && !published.has(dependency))
        problems.push(`${file}: ${dependency} is not published`)
      else if (!declared.has(dependency))
        problems.push(`${file}: "${dependency}" is not in the dependencies of ${folder}/package.json`)
    }
  }
}

/** True for files.ts and node.ts, and for everything in a folder named files, node or libp2p. */
function mayUseNode(file) {
  return file
    .split(sep)
    .slice(2)
    .some((part) => ['files.ts', 'node.ts', 'files', 'node', 'libp2p'].includes(part))
}

function sources(folder) {
  if (!existsSync(join(root, folder))) return []
  return globSync(`${folder}/**/*.{ts,mts,js,mjs}`, {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  })
}

/** Module specifiers in a file: static, re-exported, side-effect and dynamic imports, types included. */
function importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line))
    .join('\n')
  const patterns = [
    /^\s*import\s+(?:type\s+)?[\w*{][^'"();]*?from\s*['"]([^'"]+)['"]/gm,
    /^\s*export\s+(?:type\s+)?[*{][^'"();]*?from\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\brequire\(\s*['"]([^'"]+)['"]/g,
  ]
  return new Set(patterns.flatMap((pattern) => Array.from(text.matchAll(pattern), (match) => match[1])))
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function bitdustName(dependency) {
  return dependency.startsWith('@bitdust/') ? dependency.slice('@bitdust/'.length) : null
}

function declaredDependencies(folder) {
  const { dependencies, peerDependencies, optionalDependencies } = readManifest(folder)
  return new Set(Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }))
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}
