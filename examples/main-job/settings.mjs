/** Suppliers that Alice hires; three of seven may be lost without losing a byte. */
export const HIRED = 7
export const LOST = 3
/** Suppliers that there are: those she hires, and as many as will take the place of the lost ones. */
export const SUPPLIERS = HIRED + LOST
/** Of three ID-servers identities are put on two; the third is known to all and holds nothing until one dies. */
export const ID_SERVERS = 3
export const SOURCES = 2

/** What all nodes have in common. The logs are what is left to look at when a step fails. */
const common = /** @type {const} */ ({ identity: { sources: SOURCES }, log: { level: 'debug' } })

/** Configurations by kind of node, where they differ from those of every local network. */
export const SETTINGS = {
  supplier: { ...common, supplier: { offer: '2 GiB' } },
  alice: { ...common, customer: { suppliers: HIRED } },
  bob: common,
  stranger: { ...common, roles: { customer: false, supplier: false } },
}
