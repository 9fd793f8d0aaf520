import { extname } from 'node:path'
import { AlbumError } from './album-error.mjs'

/** What the album takes. Nothing in which a browser would run scripts: no HTML, no SVG. */
const TYPES = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  flac: 'audio/flac',
}

/** One component of a path, which reads as what it is: no controls, nothing that turns the direction of text around. */
const NAME = /^[^./\\\p{Cc}\p{Cs}\p{Cn}\p{Bidi_Control}][^/\\\p{Cc}\p{Cs}\p{Cn}\p{Bidi_Control}]{0,119}$/u

/** @throws {AlbumError} `NameRefused` */
export function checkMediaName(text) {
  const name = text.normalize()
  if (!NAME.test(name)) throw new AlbumError('NameRefused', 'this is no name for a file of the album')
  if (mediaTypeOf(name) === undefined)
    throw new AlbumError('NameRefused', `the name must end in one of ${Object.keys(TYPES).join(', ')}`)
  return name
}

/** The media type by the end of the name, or undefined. */
export function mediaTypeOf(name) {
  const ending = extname(name).slice(1).toLowerCase()
  return Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined
}
