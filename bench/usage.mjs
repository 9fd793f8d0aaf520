import { readFileSync } from 'node:fs'

/** CPU seconds so far (user + system, in steps of 10 ms) and peak resident MiB of a live process; Linux only. */
export function usageOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, peakMib: Number(peak?.[1] ?? 0) / 1024 }
}

/** Runs work and tells its wall seconds and the CPU seconds that these processes spent on it, all and the `first`. */
export async function measure(pids, work) {
  const before = pids.map((pid) => usageOf(pid).cpu)
  const began = performance.now()
  await work()
  const wall = (performance.now() - began) / 1000
  const spent = pids.map((pid, index) => usageOf(pid).cpu - before[index])
  return { wall, cpu: spent.reduce((sum, cpu) => sum + cpu, 0), first: spent[0] }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
