import { hireSuppliers } from './hire-suppliers.mjs'
import { moveIdentity } from './move-identity.mjs'
import { refuseStrangers } from './refuse-strangers.mjs'
import { replaceSuppliers } from './replace-suppliers.mjs'
import { restoreIdentity } from './restore-identity.mjs'
import { shareFiles } from './share-files.mjs'
import { startNetwork } from './start-network.mjs'
import { storeFolder } from './store-folder.mjs'
import { surviveLosses } from './survive-losses.mjs'

/** The main job, in order. */
export const steps = [
  startNetwork,
  hireSuppliers,
  storeFolder,
  surviveLosses,
  replaceSuppliers,
  shareFiles,
  refuseStrangers,
  moveIdentity,
  restoreIdentity,
]
