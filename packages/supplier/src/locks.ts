/** Runs tasks of one key one after another and those of different keys side by side. */
export interface Locks {
  run<T>(key: string, task: () => Promise<T>): Promise<T>
}

/** Remembers only the keys whose tasks are under way. */
export function createLocks(): Locks {
  const last = new Map<string, Promise<unknown>>()
  return {
    async run(key, task) {
      const before = last.get(key)
      // A task that fails does not stop those behind it.
      const own = before === undefined ? task() : before.then(task, task)
      last.set(key, own)
      try {
        return await own
      } finally {
        if (last.get(key) === own) last.delete(key)
      }
    },
  }
}
