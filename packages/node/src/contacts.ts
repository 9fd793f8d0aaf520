import { networkInterfaces } from 'node:os'
import { formatContact, multiaddrToContact } from '@bitdust/identity'
import type { Config } from './config.ts'

/**
 * The contacts that a node publishes: those of the configuration, else one for each TCP address it listens on.
 * An address that stands for all of the machine's becomes the machine's first outside address.
 */
export function contactsFor({ announce, listen }: Pick<Config, 'announce' | 'listen'>): string[] {
  if (announce.length > 0) return [...announce]
  return listen.flatMap((address) => {
    const contact = multiaddrToContact(address)
    if (contact === null || contact.port === 0) return []
    const isAny = contact.host === '0.0.0.0' || contact.host === '[::]'
    const host = isAny ? outsideAddress() : contact.host
    return host === undefined ? [] : [formatContact({ ...contact, host })]
  })
}

function outsideAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}
