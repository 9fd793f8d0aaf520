import { StepError } from './step-error.mjs'

/** @typedef {import('@bitdust/node/network').LocalNetwork} LocalNetwork */
/** @typedef {import('@bitdust/node/network').LocalNode} LocalNode */

/**
 * A supplier as its customer sees it.
 *
 * @typedef {{ position: number, idurl: string, fingerprint: string, peerId: string, state: string }} SupplierRow
 */

/**
 * @param {LocalNetwork} network
 * @param {string} name
 * @returns {LocalNode}
 */
export function nodeOf({ nodes }, name) {
  const node = nodes.get(name)
  if (node === undefined) throw new StepError('Unexpected', `no node is called ${name}`)
  return node
}

/**
 * The suppliers of a node, by position.
 *
 * @param {LocalNode} node
 * @returns {Promise<SupplierRow[]>}
 */
export async function suppliersOf(node) {
  const { suppliers } = /** @type {{ suppliers: SupplierRow[] }} */ (await node.cli(['supplier', 'list']))
  return suppliers
}

/**
 * The processes behind suppliers.
 *
 * @param {LocalNetwork} network
 * @param {readonly SupplierRow[]} rows
 * @returns {LocalNode[]}
 */
export function nodesOf({ nodes }, rows) {
  const byIdurl = new Map([...nodes.values()].map((node) => [node.idurl, node]))
  return rows.map(({ idurl }) => {
    const node = byIdurl.get(idurl)
    if (node === undefined) throw new StepError('Unexpected', `${idurl} is no node of this network`)
    return node
  })
}

/**
 * Kills nodes without giving them a chance to tidy up.
 *
 * @param {readonly LocalNode[]} nodes
 */
export async function killAll(nodes) {
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')))
}
