import { fragmentName } from '@bitdust/records'
import { isSupplierError, nothingHere, SupplierError } from '../../errors.ts'
import { type FileShape, fragmentsRange, readLayout, type WantedFragments } from '../../fragments/fragment-file.ts'
import type { Body } from '../../ports.ts'
import { COMMANDS, REPLIES } from '../../protocol/commands.ts'
import { fragmentsReply, retrieveRequest } from '../../protocol/fragments.ts'
import { defineCommand } from '../command.ts'
import type { Desk } from '../desk.ts'

/** `Retrieve`: layout and fragments of one position, for the owner and members with the right to read. */
export const retrieve = defineCommand({
  command: COMMANDS.retrieve,
  request: retrieveRequest,
  async answer(desk, visitor, { want, ...place }) {
    const name = fragmentName(place)
    const entry = await desk.books.fragments.get(name)
    if (entry === null) throw nothingHere()
    await desk.access.require(visitor, entry, 'read')
    const layout = await readLayout(desk.fragments, name, entry).catch(asDamaged)
    if (layout === null) throw nothingHere()
    const body = want === 'layout' ? [] : await readFragments(desk, name, entry, want)
    return {
      command: REPLIES.data,
      payload: fragmentsReply.encode({ layout: layout.bytes }),
      body,
      bodyCheck: 'handler',
    }
  },
})

/** The asker is told that it was here and is lost, so that he repairs it. */
function asDamaged(error: unknown): never {
  if (!isSupplierError(error, 'StorageCorrupt')) throw error
  throw new SupplierError('FragmentCorrupt', 'what is stored is damaged', { cause: error })
}

async function readFragments(
  { fragments }: Desk,
  name: string,
  shape: FileShape,
  want: WantedFragments,
): Promise<Body> {
  const range = fragmentsRange(shape, want)
  const chunks = await fragments.read(name, range)
  if (chunks === null) throw nothingHere()
  return { length: range.length, chunks }
}
