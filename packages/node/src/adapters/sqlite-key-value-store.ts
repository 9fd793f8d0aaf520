import { DatabaseSync } from 'node:sqlite'
import type { KeyValueStore } from '@bitdust/upkeep'
import { NodeError } from '../errors.ts'

/** Rows read at a time by `list`, so that a long listing neither holds a cursor open nor fills the memory. */
const PAGE_ROWS = 256

/** A key-value store in one SQLite file. */
export interface SqliteKeyValueStore extends KeyValueStore {
  /** Closes the file. Idempotent; every later call on the store fails. */
  close(): void
}

/**
 * Opens or creates the file of a key-value store.
 *
 * SQLite in WAL mode with `synchronous=FULL`: a batch that resolved is on disk, and one cut off by a crash never happened
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). The file's folder must exist and be private.
 *
 * @throws {NodeError} `StorageCorrupt`: the file is not a database.
 */
export function openSqliteKeyValueStore(file: string): SqliteKeyValueStore {
  const database = openDatabase(file)
  const select = database.prepare('SELECT value FROM entries WHERE key = ?')
  const upsert = database.prepare(
    'INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const remove = database.prepare('DELETE FROM entries WHERE key = ?')
  const page = database.prepare(
    'SELECT key, value FROM entries WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
  )

  return {
    async get(key) {
      const row = select.get(key) as { value: Uint8Array } | undefined
      return row === undefined ? null : row.value
    },
    async batch(operations) {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const operation of operations) {
          if ('put' in operation) upsert.run(operation.put, operation.value)
          else remove.run(operation.delete)
        }
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw diskError(file, error)
      }
    },
    async *list({ prefix, after = '', limit = Number.POSITIVE_INFINITY }) {
      let last = after
      let left = limit
      while (left > 0) {
        const rows = page.all(last, prefix, endOf(prefix), Math.min(left, PAGE_ROWS)) as {
          key: string
          value: Uint8Array
        }[]
        for (const { key, value } of rows) yield [key, value] as [string, Uint8Array]
        if (rows.length < Math.min(left, PAGE_ROWS)) return
        left -= rows.length
        last = rows.at(-1)?.key ?? last
      }
    },
    close() {
      if (database.isOpen) database.close()
    },
  }
}

/** The first key after every key with this prefix. SQLite compares text by its UTF-8 bytes, and no key holds U+10FFFF. */
function endOf(prefix: string): string {
  return `${prefix}\u{10FFFF}`
}

function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(
      'CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID',
    )
    return database
  } catch (error) {
    database?.close()
    throw new NodeError(
      'StorageCorrupt',
      `${file} cannot be opened as a database; move it away, it is rebuilt from the suppliers`,
      {
        cause: error,
        subject: file,
      },
    )
  }
}

function diskError(file: string, error: unknown): unknown {
  const full = error instanceof Error && /database or disk is full/.test(error.message)
  return full
    ? new NodeError('DiskFull', `no room left for ${file}; free some space and try again`, {
        cause: error,
        retryable: true,
      })
    : error
}
