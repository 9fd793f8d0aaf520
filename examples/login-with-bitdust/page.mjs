// The page: reads the key file, answers the challenge, and makes identities for trying out. The key never leaves it.
import { CryptoError, importRsaPrivateKey, readKeyFile } from '@bitdust/crypto'
import { makeIdentity } from './make-identity.mjs'
import { refusalText } from './refusals.mjs'
import { askSession, signIn, signOut } from './talk.mjs'

const $ = (id) => document.getElementById(id)

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  during('Signing in…', async () => {
    const key = await readKey($('key').files[0], $('passphrase').value)
    showVisitor(await signIn($('idurl').value.trim(), key))
  })
})

$('sign-out').addEventListener('click', () => during('Signing out…', async () => showVisitor(await signOut())))

$('make').addEventListener('click', () =>
  during('Making a key…', async () => {
    const { idurl, keyFile } = await makeIdentity($('passphrase').value)
    $('idurl').value = idurl
    chooseFile(keyFile)
    $('save').href = URL.createObjectURL(keyFile)
    $('save').download = keyFile.name
    $('save').hidden = false
    return 'Made. Everything is filled in: sign in.'
  }),
)

await during('', async () => {
  const { visitor, isTrial } = await askSession()
  $('trial').hidden = !isTrial
  showVisitor(visitor)
})

/** Runs what a person asked for, one thing at a time, and shows how it ended. */
async function during(text, work) {
  const buttons = document.querySelectorAll('button')
  for (const button of buttons) button.disabled = true
  showStatus(text)
  try {
    showStatus((await work()) ?? '')
  } catch (error) {
    showStatus(refusalText(error), 'refused')
  } finally {
    for (const button of buttons) button.disabled = false
  }
}

/** A key file of `bitdust identity backup`, or a private key as PEM. */
async function readKey(file, passphrase) {
  const text = await file.text()
  const options = passphrase === '' ? {} : { passphrase }
  if (text.trimStart().startsWith('-----BEGIN')) return importRsaPrivateKey(text, options)
  const { kind, key } = await readKeyFile(text, options)
  if (kind !== 'private') throw new CryptoError('KeyMalformed', 'a public key signs nothing')
  return key
}

function showVisitor(visitor) {
  document.body.classList.toggle('signed-in', visitor !== null)
  if (visitor === null) return
  $('visitor-name').textContent = /([^/]+)\.xml$/.exec(visitor.idurl)?.[1] ?? ''
  $('visitor-idurl').textContent = visitor.idurl
  $('visitor-fingerprint').textContent = visitor.fingerprint.replace(/.{8}(?=.)/g, '$& ')
  // The page forgets key file and passphrase as soon as they are not needed any more.
  $('sign-in').reset()
}

/** Puts a file into the form as if a person had chosen it. */
function chooseFile(file) {
  const transfer = new DataTransfer()
  transfer.items.add(file)
  $('key').files = transfer.files
}

function showStatus(text, kind = '') {
  $('status').textContent = text
  $('status').className = kind
}
