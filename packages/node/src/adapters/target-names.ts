import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_COMPONENT_BYTES } from '@bitdust/identity'

/** Which names a target disk cannot hold, or not apart. */
export interface NameRules {
  /** Names that differ in upper and lower case alone are one name. */
  readonly foldsCase: boolean
  /** Names that differ in Unicode normalisation alone are one name. */
  readonly foldsUnicode: boolean
  /** Some characters, trailing dots and spaces, and the names of devices cannot be used, as on Windows and FAT. */
  readonly windowsNames: boolean
}

/** Gives each entry of one folder the name under which it is restored: its own, or an alias that nothing else there has. */
export type AllotName = (name: string) => string

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const WINDOWS_CHARACTERS = /[\u0000-\u001f<>:"|?*\\]/g
const WINDOWS_END = /[. ]$/
/** Names of devices, which count with any ending. The last ones have superscript digits. */
const WINDOWS_DEVICES = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(?= *(\.|$))/i

/**
 * Finds out what the disk under `folder` does with names, by trying: mounts differ whatever the system.
 *
 * @param prefix - Of the names that are tried; nothing else there has it.
 */
export async function probeNameRules(folder: string, prefix: string): Promise<NameRules> {
  const tried = join(folder, `${prefix}-a\u00e9`)
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    )
  try {
    await (await open(tried, 'wx')).close()
    return {
      foldsCase: await exists(join(folder, `${prefix}-A\u00e9`)),
      foldsUnicode: await exists(join(folder, `${prefix}-ae\u0301`)),
      windowsNames: process.platform === 'win32' || !(await canHold(join(folder, `${prefix}-:?`))),
    }
  } finally {
    await rm(tried, { force: true })
  }
}

async function canHold(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    await rm(path)
    return true
  } catch {
    return false
  }
}

/** Names for one folder. However many twins come, each costs the same. */
export function allotNames(rules: NameRules): AllotName {
  /** How often each name, folded as the disk does, was wanted. */
  const wanted = new Map<string, number>()
  return (name) => {
    const holdable = rules.windowsNames ? windowsName(name) : name
    const twins = folded(holdable, rules)
    for (;;) {
      const count = wanted.get(twins) ?? 0
      wanted.set(twins, count + 1)
      if (count === 0) return holdable
      const alias = numbered(holdable, count)
      const key = folded(alias, rules)
      // An entry whose own name looks like the alias may have come before.
      if (!wanted.has(key)) {
        wanted.set(key, 1)
        return alias
      }
    }
  }
}

function folded(name: string, { foldsCase, foldsUnicode }: NameRules): string {
  const composed = foldsUnicode ? name.normalize('NFC') : name
  // Upper case first: it unites what lower case keeps apart, such as the two small sigmas.
  return foldsCase ? composed.toUpperCase().toLowerCase() : composed
}

/** The same name as Windows can hold it. */
function windowsName(name: string): string {
  return name.replace(WINDOWS_CHARACTERS, '_').replace(WINDOWS_END, '_').replace(WINDOWS_DEVICES, '$1_')
}

/** `photo.jpg` and 2 give `photo~2.jpg`, never longer than a name may be. */
function numbered(name: string, count: number): string {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const mark = `~${count}`
  // A long ending is no ending worth keeping.
  const tail = Buffer.byteLength(ending) < 32 ? `${mark}${ending}` : mark
  const characters = [...stem]
  while (Buffer.byteLength(characters.join('') + tail) > MAX_COMPONENT_BYTES) characters.pop()
  return characters.join('') + tail
}
