/** Numbers of suppliers that a customer can have, as in the original BitDust. With n suppliers any floor(n/2) may be lost. */
export const PRESETS = [2, 4, 7, 13, 18, 26, 64] as const

/** How many suppliers hold a block, which is also its number of data and its number of parity fragments. */
export type SupplierCount = (typeof PRESETS)[number]

export function isSupplierCount(n: number): n is SupplierCount {
  return PRESETS.some((preset) => preset === n)
}
