// An application that keeps its notes at suppliers: `node app.mjs FOLDER put NAME TEXT`, `... get NAME`, `... list`.
// FOLDER holds the identity and the settings of its user; make it with `bitdust init`.
import { createNode } from '@bitdust/node'

const [directory, verb, name = '', words = ''] = process.argv.slice(2)
const usage = 'node app.mjs FOLDER put NAME TEXT | get NAME | list'
if (directory === undefined || !['put', 'get', 'list'].includes(verb ?? '')) {
  console.error(usage)
  process.exit(2)
}

await using node = await createNode({ directory, roles: ['customer'] })
await node.start()
const customer = node.requireCustomer()
const signal = AbortSignal.timeout(60_000)

// Suppliers are hired once; from then on the node watches them and replaces those that die.
if (customer.family.current() === null) await customer.family.hire({ count: 2, bytes: 16 * 2 ** 20, signal })

if (verb === 'put') {
  const { version, state } = await customer.put(`notes/${name}`, new TextEncoder().encode(words), { signal })
  console.log(`${state}: ${name}, version ${version}`)
} else if (verb === 'get') {
  const reader = await customer.get(`notes/${name}`, { signal })
  console.log(new TextDecoder().decode(await reader.bytes()))
} else {
  for await (const { path, size } of customer.list('notes', { signal })) console.log(`${path} (${size} bytes)`)
}
