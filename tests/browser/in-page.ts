/**
 * What runs in the page and, from the same bundle, in a worker: actions to be called by name, with values that JSON can
 * hold. A page finds `callHere` and `callInWorker` on its global object.
 */
import { exportKinds, unusedExports } from './packages.ts'
import { makeParcel, openParcel } from './parcel.ts'
import { runPart } from './tour.ts'

const actions = { exportKinds, makeParcel, openParcel, runPart, unusedExports }

export type Actions = typeof actions

/** Calls an action. What it throws arrives as text, since errors lose their names on the way. */
export type Call = (
  name: keyof Actions,
  input: unknown,
) => Promise<{ readonly result: unknown } | { readonly error: string }>

/** The little of a worker that is used here, on both of its ends. */
interface Port {
  postMessage(message: unknown): void
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message: string }) => void) | null
}

const callHere: Call = async (name, input) => {
  try {
    return { result: await (actions[name] as (input: unknown) => unknown)(input) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? String(error)) : String(error) }
  }
}

function connectWorker(worker: Port): Call {
  return (name, input) =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data as Awaited<ReturnType<Call>>)
      worker.onerror = ({ message }) => resolve({ error: message })
      worker.postMessage([name, input])
    })
}

const scope = globalThis as unknown as Port & {
  document?: unknown
  Worker: new (url: string, options: { type: 'module' }) => Port
}
if (scope.document === undefined) {
  scope.onmessage = async ({ data }) => {
    const [name, input] = data as Parameters<Call>
    scope.postMessage(await callHere(name, input))
  }
} else {
  Object.assign(globalThis, {
    callHere,
    callInWorker: connectWorker(new scope.Worker('/in-page.js', { type: 'module' })),
  })
}
