import { DatabaseSync } from 'node:sqlite'

const PAGE_ROWS = 256
/** Keys are printable ASCII, so this is behind each of them. */
const LAST = '\x7f'

/** The port `KeyValueStore` of `@bitdust/upkeep` over an SQLite file: what is written is on the disk, all or nothing. */
export function openKeyValueStore(file) {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID')
  const select = database.prepare('SELECT value FROM entries WHERE key = ?')
  const insert = database.prepare('INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)')
  const remove = database.prepare('DELETE FROM entries WHERE key = ?')
  const page = database.prepare(
    'SELECT key, value FROM entries WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
  )

  return {
    get: async (key) => select.get(key)?.value ?? null,
    async batch(changes) {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const change of changes) {
          if ('put' in change) insert.run(change.put, change.value)
          else remove.run(change.delete)
        }
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    async *list({ prefix, after = '', limit = Number.POSITIVE_INFINITY }) {
      let [last, left] = [after, limit]
      while (left > 0) {
        const rows = page.all(last, prefix, prefix + LAST, Math.min(left, PAGE_ROWS))
        if (rows.length === 0) return
        for (const { key, value } of rows) yield [key, value]
        last = rows.at(-1).key
        left -= rows.length
      }
    },
    close: () => database.close(),
  }
}

/** The port `IdentityStore` of `@bitdust/identity` in a part of such a store. */
export function identityStoreIn(store) {
  const prefix = 'identity/'
  return {
    get: (key) => store.get(prefix + key),
    put: (key, value) => store.batch([value.length === 0 ? { delete: prefix + key } : { put: prefix + key, value }]),
    async *list(start) {
      for await (const [key] of store.list({ prefix: prefix + start })) yield key.slice(prefix.length)
    },
  }
}
