import type { Fingerprint } from '@bitdust/crypto'
import { SupplierError } from '../errors.ts'
import { ALLOWANCE_DIVISOR, MIN_ALLOWANCE_BYTES, type SupplierLimits } from '../limits.ts'

/** What a customer uses. Sizes in bytes. */
export interface Usage {
  readonly granted: number
  /** Fragment files. */
  readonly used: number
  /** Writes under way. */
  readonly reserved: number
  readonly files: number
  /** Headers, member lists, family and journals, which have an allowance of their own. */
  readonly recordsAndJournals: number
}

/** The budget of one line of a member list. */
export interface Budget {
  /** Names the line, and its location. */
  readonly line: string
  /** Null: only the owner's quota limits. */
  readonly budgetBytes: number | null
}

/** Room that belongs to one write until it is over. */
export interface Reservation {
  readonly bytes: number
  /** The write succeeded and takes this many bytes from now on. Call once, instead of `release`. */
  commit(storedBytes: number): void
  /** The write failed. Does nothing after `commit`. */
  release(): void
}

/** What one customer may use and does use. Everything is decided without waiting, so no two writes see the same room. */
export interface Account {
  readonly customer: Fingerprint
  usage(): Usage
  /** A contract came into force, or was renewed. */
  grant(bytes: number): void
  /**
   * Sets room aside for a write, before its first byte.
   *
   * @throws {SupplierError} `Busy` with too many writes under way; `QuotaExceeded`.
   */
  reserve(bytes: number, budget: Budget | null): Reservation
  /** A fragment file was found at the start. */
  add(bytes: number, line: string | null): void
  /** A fragment file is gone. */
  remove(bytes: number, line: string | null): void
  /** Checks room for records or journal entries. @throws {SupplierError} `QuotaExceeded`. */
  requireAllowance(bytes: number): void
  /** Records or journal entries grew by this much; negative: they shrank. */
  addToAllowance(bytes: number): void
}

/** Opens the account of a customer who uses nothing yet. */
export function createAccount(customer: Fingerprint, limits: SupplierLimits): Account {
  /** Stored and reserved bytes by line. */
  const byLine = new Map<string, number>()
  let granted = 0
  let used = 0
  let files = 0
  let reserved = 0
  let writes = 0
  let allowanceUsed = 0

  function addToLine(line: string | null, bytes: number): void {
    if (line === null) return
    const sum = (byLine.get(line) ?? 0) + bytes
    if (sum === 0) byLine.delete(line)
    else byLine.set(line, sum)
  }

  function checkRoom(bytes: number, budget: Budget | null): void {
    if (writes >= limits.maxConcurrentWrites) throw new SupplierError('Busy', `${writes} writes are under way`)
    if (files + writes >= limits.maxFiles) throw full(`${files} files, limit is ${limits.maxFiles}`)
    if (used + reserved + bytes > granted)
      throw full(`${bytes} bytes more than ${used + reserved}, granted are ${granted}`)
    if (budget === null || budget.budgetBytes === null) return
    const ofLine = byLine.get(budget.line) ?? 0
    if (ofLine + bytes > budget.budgetBytes)
      throw full(`${bytes} bytes more than ${ofLine}, budget of the member is ${budget.budgetBytes}`)
  }

  function full(problem: string): SupplierError {
    return new SupplierError('QuotaExceeded', problem, { subject: customer })
  }

  return {
    customer,
    usage: () => ({ granted, used, reserved, files, recordsAndJournals: allowanceUsed }),

    grant(bytes) {
      granted = bytes
    },

    reserve(bytes, budget) {
      checkRoom(bytes, budget)
      const line = budget?.line ?? null
      reserved += bytes
      writes += 1
      addToLine(line, bytes)
      let open = true

      function close(storedBytes: number): void {
        open = false
        reserved -= bytes
        writes -= 1
        addToLine(line, storedBytes - bytes)
      }

      return {
        bytes,
        commit(storedBytes) {
          close(storedBytes)
          used += storedBytes
          files += 1
        },
        release() {
          if (open) close(0)
        },
      }
    },

    add(bytes, line) {
      used += bytes
      files += 1
      addToLine(line, bytes)
    },

    remove(bytes, line) {
      used -= bytes
      files -= 1
      addToLine(line, -bytes)
    },

    requireAllowance(bytes) {
      const allowance = Math.max(MIN_ALLOWANCE_BYTES, Math.floor(granted / ALLOWANCE_DIVISOR))
      if (allowanceUsed + bytes > allowance)
        throw full(`${bytes} bytes more of records and journals than ${allowanceUsed}, allowance is ${allowance}`)
    },

    addToAllowance(bytes) {
      allowanceUsed += bytes
    },
  }
}
