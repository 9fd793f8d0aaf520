// The page: shows the album, plays what is in it, and sends files.
import { album, mediaUrl, remove, upload, versionsOf } from './talk.mjs'

const $ = (id) => document.getElementById(id)
let maxBytes = 0
/** What the viewer shows. */
let shown = null

$('add').addEventListener('change', async () => {
  const files = [...$('add').files]
  $('add').value = ''
  await addAll(files)
})
addEventListener('dragover', (event) => {
  event.preventDefault()
  document.body.classList.add('dropping')
})
addEventListener('dragleave', ({ relatedTarget }) => {
  if (relatedTarget === null) document.body.classList.remove('dropping')
})
addEventListener('drop', async (event) => {
  event.preventDefault()
  document.body.classList.remove('dropping')
  await addAll([...event.dataTransfer.files])
})

$('versions').addEventListener('change', ({ target }) => showMedia(shown, target.value))
$('remove').addEventListener('click', async () => {
  $('remove').disabled = true
  try {
    await remove(shown.name)
    $('viewer').close()
    await showAlbum()
  } catch (error) {
    showProblem(error.message)
  } finally {
    $('remove').disabled = false
  }
})
$('close').addEventListener('click', () => $('viewer').close())
// What is not looked at need not come.
$('viewer').addEventListener('close', () => $('stage').replaceChildren())

await showAlbum()

async function showAlbum() {
  try {
    const { items, suppliers, maxBytes: most } = await album()
    maxBytes = most
    $('suppliers').textContent = `${suppliers.connected} of ${suppliers.count} suppliers are there`
    $('gallery').replaceChildren(...items.map(cardOf))
    $('empty').hidden = items.length > 0
  } catch (error) {
    $('suppliers').textContent = error.message
  }
}

function cardOf(item) {
  const card = $('card').content.cloneNode(true)
  const url = mediaUrl(item.name, item.version)
  const picture = card.querySelector('.picture')
  const kind = kindOf(item)
  picture.dataset.kind = kind
  if (kind === 'image') picture.append(element('img', { src: url, alt: '', loading: 'lazy' }))
  // The first picture of it: a browser reads no more than it needs.
  if (kind === 'video') picture.append(element('video', { src: `${url}#t=0.1`, preload: 'metadata', muted: true }))
  card.querySelector('.name').textContent = item.name
  card.querySelector('button').addEventListener('click', () => open(item))
  return card
}

async function open(item) {
  shown = item
  $('viewer-name').textContent = item.name
  $('versions-label').hidden = true
  showMedia(item, item.version)
  $('viewer').showModal()
  const versions = await versionsOf(item.name).catch(() => [])
  if (shown !== item || versions.length < 2) return
  const options = versions.map(({ version, date, current }) =>
    element('option', { value: version, textContent: timeOf(date), selected: current }),
  )
  $('versions').replaceChildren(...options)
  $('versions-label').hidden = false
}

function showMedia(item, version) {
  const url = mediaUrl(item.name, version)
  const kind = kindOf(item)
  const media =
    kind === 'image'
      ? element('img', { src: url, alt: item.name })
      : element(kind, { src: url, controls: true, autoplay: true })
  media.addEventListener('error', () => explain(url))
  $('viewer-problem').hidden = true
  $('stage').replaceChildren(media)
  $('save').href = url
  $('save').download = item.name
  $('viewer-facts').textContent = `${sizeOf(item.size)} · ${timeOf(item.mtime)}`
}

/** Media elements do not tell why they failed. */
async function explain(url) {
  const response = await fetch(url, { headers: { range: 'bytes=0-0' } }).catch(() => null)
  const answer = response?.ok ? { message: 'This browser cannot show it. Save it and try another program.' } : null
  showProblem(answer?.message ?? 'Too few suppliers are there to read it. Try again later.')
}

function showProblem(text) {
  $('viewer-problem').textContent = text
  $('viewer-problem').hidden = false
}

/** One file after the other: each has all of the line. */
async function addAll(files) {
  const jobs = files.map((file) => [file, jobOf(file)])
  for (const [file, job] of jobs) {
    try {
      if (file.size > maxBytes) throw new Error(`This file is larger than ${sizeOf(maxBytes)}.`)
      await upload(file, (part) => job.show(part < 1 ? 'is being sent' : 'goes to the suppliers', part))
      job.end()
      await showAlbum()
    } catch (error) {
      job.fail(error.message)
    }
  }
}

function jobOf({ name }) {
  const row = $('job').content.cloneNode(true).firstElementChild
  const [state, progress] = [row.querySelector('.state'), row.querySelector('progress')]
  row.querySelector('.name').textContent = name
  state.textContent = 'waits'
  $('jobs').append(row)
  return {
    show(text, part) {
      state.textContent = text
      if (part < 1) progress.value = part
      else progress.removeAttribute('value')
    },
    end: () => row.remove(),
    fail(text) {
      row.className = 'failed'
      state.textContent = text
      progress.remove()
    },
  }
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties)
}

/** `image`, `video` or `audio`: also the names of the elements that play them. */
function kindOf({ type }) {
  return type.split('/')[0]
}

function timeOf(ms) {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

function sizeOf(bytes) {
  const [unit, size] =
    bytes < 2 ** 20 ? ['KiB', bytes / 2 ** 10] : bytes < 2 ** 30 ? ['MiB', bytes / 2 ** 20] : ['GiB', bytes / 2 ** 30]
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`
}
