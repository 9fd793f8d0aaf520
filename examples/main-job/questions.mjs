import { isSupplierError } from '@bitdust/supplier'

/** @typedef {import('@bitdust/supplier').SupplierClient} SupplierClient */
/** @typedef {import('@bitdust/supplier').FragmentQuery} FragmentQuery */
/** @typedef {import('@bitdust/supplier').JournalQuery} JournalQuery */
/** @typedef {Parameters<SupplierClient['getJournal']>[0]} Supplier */

/**
 * Something to be asked of a supplier. It goes through JSON unchanged.
 *
 * @typedef {{ supplier: Supplier } & (
 *   | { ask: 'fragment' } & Required<Pick<FragmentQuery, 'block' | 'location' | 'n' | 'position'>>
 *   | { ask: 'delete' } & Pick<FragmentQuery, 'block'>
 *   | { ask: 'list', location: JournalQuery['location'] | null }
 *   | { ask: 'record', kind: 'header' | 'members' } & Pick<JournalQuery, 'location'>
 *   | { ask: 'heads' } & Pick<JournalQuery, 'location'>
 *   | { ask: 'journal' } & Pick<JournalQuery, 'location' | 'journal'>
 *   | { ask: 'locations' }
 * )} Question
 */

/** @typedef {{ customer: JournalQuery['customer'], questions: Question[] }} Questions Whose data it is about, and the questions. */
/** @typedef {{ question: Question, answer: string }} Answer `given`, or the code of the refusal. */

/** Questions to one supplier that are under way at the same time. */
const CONCURRENCY = 4

/**
 * Finds out, as the owner, all that there is to ask for: every block, list, record and journal at every supplier.
 *
 * @param {SupplierClient} client
 * @param {object} options
 * @param {{ customer: JournalQuery['customer'], positions: readonly Supplier[] }} options.family
 * @param {readonly { id: JournalQuery['location'], isShare: boolean }[]} options.locations
 * @param {AbortSignal} options.signal
 * @returns {Promise<Questions>}
 */
export async function findQuestions(client, { family, locations, signal }) {
  const { customer } = family
  /** @type {Question[]} */
  const questions = []
  for (const { fingerprint, idurl, peerId } of family.positions) {
    const supplier = { fingerprint, idurl, peerId }
    questions.push({ supplier, ask: 'locations' }, { supplier, ask: 'list', location: null })
    for await (const item of client.listFragments(supplier, { customer, location: null }, { signal })) {
      const { block, location, n, position } = item
      questions.push({ supplier, ask: 'fragment', block, location, n, position }, { supplier, ask: 'delete', block })
    }
    for (const { id: location, isShare } of locations) {
      questions.push(
        { supplier, ask: 'list', location },
        { supplier, ask: 'heads', location },
        { supplier, ask: 'record', kind: 'header', location },
      )
      if (isShare) questions.push({ supplier, ask: 'record', kind: 'members', location })
      for (const { journal } of await client.journalHeads(supplier, { customer, location }, { signal }))
        questions.push({ supplier, ask: 'journal', location, journal })
    }
  }
  return { customer, questions }
}

/**
 * Asks all of it. Suppliers refuse to free blocks as young as these even to their owner, so nothing is lost by asking.
 *
 * @param {SupplierClient} client
 * @param {Questions} questions
 * @param {{ signal: AbortSignal }} options
 * @returns {Promise<Answer[]>} In the order of the questions.
 */
export async function askEverything(client, { customer, questions }, { signal }) {
  /** @type {Answer[]} */
  const answers = []
  const waiting = [...questions.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, question] = next
      answers[index] = { question, answer: await answerTo(client, customer, question, signal) }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return answers
}

/**
 * @param {SupplierClient} client
 * @param {Questions['customer']} customer
 * @param {Question} question
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 * @throws What is not a supplier's answer: nobody there, no address known.
 */
async function answerTo(client, customer, question, signal) {
  try {
    return (await ask(client, customer, question, signal)) === null ? 'NotFound' : 'given'
  } catch (error) {
    if (isSupplierError(error)) return error.code
    throw error
  }
}

/**
 * @param {SupplierClient} client
 * @param {Questions['customer']} customer
 * @param {Question} question
 * @param {AbortSignal} signal
 * @returns {Promise<unknown>} Null: not found, for those calls that do not throw then.
 */
function ask(client, customer, question, signal) {
  const { supplier } = question
  switch (question.ask) {
    case 'fragment': {
      const { block, n, position } = question
      return client.getFragment(supplier, { customer, block, n, position, want: 'data' }, { signal })
    }
    case 'delete':
      return client.deleteBlocks(supplier, { customer, blocks: [question.block] }, { signal })
    case 'list':
      return Array.fromAsync(client.listFragments(supplier, { customer, location: question.location }, { signal }))
    case 'record':
      return client.getRecord(supplier, { customer, kind: question.kind, location: question.location }, { signal })
    case 'heads':
      return client.journalHeads(supplier, { customer, location: question.location }, { signal })
    case 'journal': {
      const { location, journal } = question
      return Array.fromAsync(client.getJournal(supplier, { customer, location, journal, from: 0 }, { signal }))
    }
    case 'locations':
      return client.listLocations(supplier, { customer }, { signal })
  }
}
