import { join } from 'node:path'
import { BITDUST_PROGRAM } from '@bitdust/node/network'

/**
 * Tells how to talk to the network that was left running.
 *
 * @param {import('./world.mjs').World} world
 */
export function describeUse({ network, bob, share, restored }) {
  const folderOf = (/** @type {string} */ name) => join(network.directory, name)
  return `The network runs until Ctrl-C. In another terminal:

  bitdust() { ${quote(process.execPath)} ${quote(BITDUST_PROGRAM)} "$@"; }
  ALICE=${quote(restored)}
  BOB=${quote(bob.folder)}

  bitdust status --folder "$ALICE"
  bitdust ls --folder "$ALICE"
  bitdust supplier list --folder "$ALICE"
  bitdust get project /tmp/project --folder "$ALICE"
  bitdust share list --folder "$BOB"
  bitdust ls '${share.keyId}:' --folder "$BOB"
  bitdust customer list --folder ${quote(folderOf('supplier-1'))}

Data folders of all nodes are in ${network.directory}.
`
}

/** @param {string} text */
function quote(text) {
  return /^[\w/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
