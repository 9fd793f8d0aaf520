// What the page asks of the site.

/** What a person reads for each code, in words that say what to do. */
const TEXTS = {
  NameRefused:
    'The album takes pictures (jpg, png, gif, webp, avif), videos (mp4, webm, mov) and sound (mp3, m4a, ogg, wav, flac).',
  PathUnsafe: 'This name cannot be kept. Rename the file.',
  NotFound: 'This is not in the album any more. Reload the page.',
  LengthRequired: 'This file is empty.',
  LimitExceeded: 'This file is too large.',
  Busy: 'Other files are being stored. Try again in a minute.',
  UploadIncomplete: 'Too few suppliers are there to keep it safe, so it was not stored. Try again later.',
  NotEnoughFragments: 'Too few suppliers are there to read it. Try again later.',
  CatalogFreshnessUnknown: 'Too few suppliers are there to know what is in the album. Try again later.',
  QuotaExceeded: 'The suppliers have no room left.',
  Timeout: 'The suppliers do not answer. Try again later.',
  SiteSilent: 'The site does not answer. Try again.',
}

/** What went wrong; `message` is for people. */
export class Refusal extends Error {
  constructor({ code, message }) {
    super(`${TEXTS[code] ?? message} (${code})`)
    this.code = code
  }
}

export const album = () => ask('/album')
export const versionsOf = (name) => ask(`${mediaUrl(name)}/versions`)
export const remove = (name) => ask(mediaUrl(name), { method: 'DELETE' })

/** Where a file is; without a version it is the newest. */
export function mediaUrl(name, version) {
  const url = `/media/${encodeURIComponent(name)}`
  return version === undefined ? url : `${url}?version=${encodeURIComponent(version)}`
}

/** Sends a file; `onProgress` hears which part of it is on its way, 0 to 1. `fetch` could not tell. */
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', mediaUrl(file.name))
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total)
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(refusal(request.response)))
    request.onerror = () => reject(refusal(null))
    request.send(file)
  })
}

async function ask(url, init) {
  const response = await fetch(url, init).catch(() => null)
  if (response?.status === 204) return null
  const answer = (await response?.json().catch(() => null)) ?? null
  if (response?.ok && answer !== null) return answer
  throw refusal(answer)
}

function refusal(answer) {
  return new Refusal(answer ?? { code: 'SiteSilent', message: '' })
}
