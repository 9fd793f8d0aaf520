import { devicePublicKeyOf } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import { isSupplierCount } from '@bitdust/raid'
import { blockIdOf, fragmentName, type Layout, layoutRecord, type Opened } from '@bitdust/records'
import type { Permission } from '../../access/access.ts'
import type { FragmentEntry } from '../../books/fragment-book.ts'
import type { Customer } from '../../contract/customer.ts'
import { isSupplierError, nothingHere, SupplierError } from '../../errors.ts'
import {
  checkedFragments,
  drain,
  encodeFileHead,
  fileSize,
  fragmentsRange,
  readLayout,
} from '../../fragments/fragment-file.ts'
import { FILE_OVERHEAD_BYTES, MAX_FRAGMENTS_BYTES } from '../../limits.ts'
import type { OutgoingReply, ReceivedPacket } from '../../ports.ts'
import { COMMANDS } from '../../protocol/commands.ts'
import { storeFragmentsRequest } from '../../protocol/fragments.ts'
import { requireDiskRoom } from '../../quota/disk-room.ts'
import { defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/**
 * `Data`: stores the Data and the Parity fragment of one position. From the owner any consistent layout is taken, because
 * he repairs what members wrote; a member stores only what his own device sealed. The receipt says that both fragments
 * match the layout and survive a crash; storing again what is here gives a receipt too, after the stored bytes were checked.
 */
export const storeFragments = defineCommand({
  command: COMMANDS.data,
  request: storeFragmentsRequest,
  bodyCheck: 'handler',
  maxBodyBytes: MAX_FRAGMENTS_BYTES,
  async answer(desk, visitor, { customer: fingerprint, layout: bytes, position }, packet) {
    const layout = layoutRecord.open(bytes)
    const place = { customer: fingerprint, location: layout.body.block.location }
    const permission = await desk.access.require(visitor, place, 'write')
    const customer = desk.customers.requireActive(fingerprint)
    await checkLayout(layout, position, permission, visitor.caller, customer)
    if (packet.bodyLength !== 2 * layout.body.fragmentBytes)
      throw new SupplierError(
        'PacketMalformed',
        `body of ${packet.bodyLength} bytes, expected 2 x ${layout.body.fragmentBytes}`,
      )
    const delivery = { desk, customer, layout, position, permission, packet }
    return desk.locks.run(nameOf(delivery), () => storeOnce(delivery))
  },
})

interface Delivery {
  readonly desk: Desk
  readonly customer: Customer
  readonly layout: Opened<Layout>
  readonly position: number
  readonly permission: Permission
  readonly packet: ReceivedPacket
}

async function checkLayout(
  layout: Opened<Layout>,
  position: number,
  permission: Permission,
  caller: Caller,
  customer: Customer,
): Promise<void> {
  const { block, n, device } = layout.body
  if (!isSupplierCount(n) || position >= n) throw new SupplierError('RecordInvalid', `position ${position} of ${n}`)
  if (permission.by === 'member' && (block.writer !== caller.fingerprint || device !== caller.device))
    throw nothingHere()
  if (device === null) await layoutRecord.verify(layout, 'owner', customer.key)
  else await layoutRecord.verify(layout, 'device', devicePublicKeyOf(device))
}

function nameOf({ customer, layout, position }: Delivery): string {
  return fragmentName({
    customer: customer.fingerprint,
    block: blockIdOf(layout.body.block),
    n: layout.body.n,
    position,
  })
}

/** Runs alone for this file. */
async function storeOnce(delivery: Delivery): Promise<OutgoingReply> {
  const { desk, layout, permission, packet } = delivery
  const name = nameOf(delivery)
  const before = await desk.books.fragments.get(name)
  const stored = before === null ? null : await intactLayout(desk, name, before)
  if (before === null || stored === null) return store(delivery, name, before)
  if (sameRoots(stored, layout)) {
    await enter(delivery, name, { ...before, storedAt: desk.clock.now() }) // Kept for as long as if it were new.
    await drain(packet.body) // Reading on keeps the stream for the next packet.
    return receipt(delivery, fileSize(before))
  }
  // What a member wrote, others may have read; only the owner can replace it.
  if (permission.by === 'member') throw new SupplierError('RecordInvalid', 'the block is stored with another layout')
  return store(delivery, name, before)
}

/** The layout of what is stored, if the stored bytes still match it. */
async function intactLayout({ fragments }: Desk, name: string, entry: FragmentEntry): Promise<Opened<Layout> | null> {
  try {
    const layout = await readLayout(fragments, name, entry)
    const bytes = await fragments.read(name, fragmentsRange(entry, 'both'))
    if (layout === null || bytes === null) return null
    await drain(checkedFragments(layout.body, entry.position, bytes))
    return layout
  } catch (error) {
    if (isSupplierError(error, 'StorageCorrupt') || isSupplierError(error, 'FragmentCorrupt')) return null
    throw error
  }
}

function sameRoots(a: Opened<Layout>, b: Opened<Layout>): boolean {
  return a.body.roots.every((root, index) => root === b.body.roots[index])
}

async function store(delivery: Delivery, name: string, before: FragmentEntry | null): Promise<OutgoingReply> {
  const { desk, customer, layout, position, permission, packet } = delivery
  const entry = entryOf(delivery)
  const size = fileSize(entry)
  const budget = permission.by === 'member' ? permission.budget : null
  const reservation = customer.account.reserve(Math.max(size, packet.bodyLength + FILE_OVERHEAD_BYTES), budget)
  try {
    await requireDiskRoom(desk.fragments, desk.limits, reservedBy(desk))
    await desk.fragments.put(name, size, withHead(layout, checkedFragments(layout.body, position, packet.body)))
    try {
      await enter(delivery, name, entry)
    } catch (error) {
      if (before === null || !isCustomer(delivery)) await desk.fragments.delete(name)
      throw error
    }
    if (before !== null) customer.account.remove(fileSize(before), before.line)
    reservation.commit(size)
  } finally {
    reservation.release()
  }
  return receipt(delivery, size)
}

function entryOf({ desk, customer, layout, position, permission }: Delivery): FragmentEntry {
  const { block, n, fragmentBytes } = layout.body
  return {
    customer: customer.fingerprint,
    location: block.location,
    block: blockIdOf(block),
    n,
    position,
    layoutBytes: layout.bytes.length,
    fragmentBytes,
    storedAt: desk.clock.now(),
    line: permission.by === 'member' ? permission.budget.line : null,
  }
}

/** The last step: only what is in the books is stored. Nothing is entered for somebody whose data was dropped. */
function enter(delivery: Delivery, name: string, entry: FragmentEntry): Promise<void> {
  const { locks, books } = delivery.desk
  return locks.run(entry.customer, async () => {
    if (!isCustomer(delivery)) throw nothingHere()
    await books.fragments.put(name, entry)
  })
}

/** Whether the contract under which the write began is still there. */
function isCustomer({ desk, customer }: Delivery): boolean {
  return desk.customers.get(customer.fingerprint) === customer
}

/** Bytes that all writes under way may still put on the disk. */
function reservedBy({ customers }: Desk): number {
  let reserved = 0
  for (const { account } of customers.list()) reserved += account.usage().reserved
  return reserved
}

async function* withHead(layout: Opened<Layout>, fragments: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield encodeFileHead(layout)
  yield* fragments
}

function receipt({ desk, customer, layout, position }: Delivery, bytes: number): Promise<OutgoingReply> {
  const subject = blockIdOf(layout.body.block)
  return desk.receipts.answer({ customer: customer.fingerprint, kind: 'fragments', subject, position, bytes })
}
