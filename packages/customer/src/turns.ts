import PQueue from 'p-queue'

/** Lets only one piece of work at a time have a name. */
export interface Turns {
  /** Runs `work` when all earlier ones of the same name have ended. */
  take<T>(name: string, work: () => Promise<T>): Promise<T>
}

export function createTurns(): Turns {
  const queues = new Map<string, PQueue>()
  return {
    async take(name, work) {
      const queue = queues.get(name) ?? new PQueue({ concurrency: 1 })
      queues.set(name, queue)
      try {
        return await queue.add(work)
      } finally {
        if (queue.size === 0 && queue.pending === 0) queues.delete(name)
      }
    },
  }
}
