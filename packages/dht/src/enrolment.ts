import { equalBytes } from '@bitdust/crypto'
import {
  type EnrolmentPurpose,
  enrolmentAddress,
  enrolmentAnswerRecord,
  enrolmentCodeBytes,
  enrolmentLetterRecord,
  enrolmentRequestRecord,
  openEnrolmentLetter,
  sealEnrolmentLetter,
  verifyEnrolmentAnswer,
} from '@bitdust/records'
import { asDhtError, DhtError } from './errors.ts'
import type { DhtName } from './key.ts'
import { MAX_FOUND_ANSWERS } from './limits.ts'
import { decodeLetter, encodeDhtValue, type VerifiedRecord } from './value.ts'

/** A value and where it stands. */
export interface NamedValue {
  readonly name: DhtName
  readonly value: Uint8Array
}

/** Where the letters with a code stand. @throws {DhtError} `RecordInvalid` for what is no code. */
export async function nameOfLetter(kind: `enrolment-${EnrolmentPurpose}`, code: Uint8Array): Promise<DhtName> {
  try {
    return { kind, id: await enrolmentAddress(code) }
  } catch (cause) {
    throw asDhtError(cause, kind)
  }
}

/** Puts a request where those find it who are told its code. @throws {DhtError} `RecordInvalid`, `LimitExceeded` */
export function sealRequest(request: Uint8Array): Promise<NamedValue> {
  return seal('request', request, () => ({
    code: enrolmentCodeBytes(request),
    created: enrolmentRequestRecord.open(request).body.created,
  }))
}

/** Puts an answer where the device finds it that showed this code. @throws {DhtError} `RecordInvalid`, `LimitExceeded` */
export function sealAnswer(code: Uint8Array, answer: Uint8Array): Promise<NamedValue> {
  return seal('answer', answer, () => ({ code, created: enrolmentAnswerRecord.open(answer).body.created }))
}

async function seal(
  purpose: EnrolmentPurpose,
  content: Uint8Array,
  read: () => { readonly code: Uint8Array; readonly created: number },
): Promise<NamedValue> {
  const kind = `enrolment-${purpose}` as const
  try {
    const { code, created } = read()
    const letter = await sealEnrolmentLetter(code, { purpose, created, content })
    return { name: { kind, id: letter.body.address }, value: encodeDhtValue(kind, letter.bytes) }
  } catch (cause) {
    throw asDhtError(cause, kind)
  }
}

/** Of two letters with one address the later one is kept. @throws {DhtError} `RecordRollback` */
export function requireNotOlder(held: Uint8Array, brought: Uint8Array): void {
  const [before, after] = [decodeLetter(held).body, decodeLetter(brought).body]
  if (after.created < before.created) throw new DhtError('RecordRollback', `a later letter lies at ${before.address}`)
}

/** The request that has this code: there is only one. */
export async function readRequest(code: Uint8Array, letters: readonly VerifiedRecord[]): Promise<Uint8Array | null> {
  const contents = await contentsOf(code, letters)
  return contents.find((content) => equalBytes(enrolmentCodeBytes(content), code)) ?? null
}

/** Answers that are signed by the keys which they bring, newest first. */
export async function readAnswers(
  code: Uint8Array,
  letters: readonly VerifiedRecord[],
  now: number,
): Promise<readonly Uint8Array[]> {
  const answers: Uint8Array[] = []
  for (const content of await contentsOf(code, letters)) {
    const isNew = !answers.some((other) => equalBytes(other, content))
    if (isNew && (await verifyEnrolmentAnswer(content, now).then(yes, no))) answers.push(content)
  }
  return answers.slice(0, MAX_FOUND_ANSWERS)
}

/** What lies in letters, newest first, without those that do not open: who knows the code may write anything. */
async function contentsOf(code: Uint8Array, letters: readonly VerifiedRecord[]): Promise<Uint8Array[]> {
  const newestFirst = letters.toSorted((a, b) => b.sequence - a.sequence)
  const opened = await Promise.allSettled(
    newestFirst.map(({ record }) => openEnrolmentLetter(code, enrolmentLetterRecord.open(record).body)),
  )
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

const yes = () => true
const no = () => false
