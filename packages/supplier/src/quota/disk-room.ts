import { SupplierError } from '../errors.ts'
import type { FragmentStore } from '../fragments/fragment-store.ts'
import type { SupplierLimits } from '../limits.ts'

/** Bytes that may still be written before the disk's reserve is touched; negative when it is. */
export async function diskRoom(fragments: FragmentStore, limits: SupplierLimits): Promise<number> {
  const [free, size] = await Promise.all([fragments.free(), fragments.size()])
  return free - Math.max(limits.diskReserveBytes, Math.floor(size * limits.diskReserveShare))
}

/** @throws {SupplierError} `DiskFull` when `bytes` would touch the disk's reserve. */
export async function requireDiskRoom(fragments: FragmentStore, limits: SupplierLimits, bytes: number): Promise<void> {
  const room = await diskRoom(fragments, limits)
  if (bytes > room)
    throw new SupplierError('DiskFull', `${bytes} bytes to write, the disk has room for ${Math.max(0, room)}`)
}
