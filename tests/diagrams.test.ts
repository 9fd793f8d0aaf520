/** The diagrams in docs/machines are those of the tables in the built packages. */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const documents = join(root, 'docs/machines')

function diagrams(...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/diagrams.mjs'), ...args], {
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

test('every diagram is that of its table', () => {
  expect(diagrams('--check')).toEqual({ status: 0, output: expect.stringContaining('machines as in their tables') })
})

describe('the check notices', () => {
  let copy: string
  let page: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'bitdust-diagrams-'))
    cpSync(documents, copy, { recursive: true })
    page = globSync('*.md', { cwd: copy }).find((file) => file !== 'README.md') ?? 'no page'
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  test('nothing in a true copy', () => {
    expect(diagrams('--check', copy).status).toBe(0)
  })

  test('an arrow that leads elsewhere', () => {
    const text = readFileSync(join(copy, page), 'utf8')
    const changed = text.replace(/--> \w+ : /, '--> elsewhere : ')
    expect(changed).not.toBe(text)
    writeFileSync(join(copy, page), changed)
    expect(diagrams('--check', copy)).toEqual({ status: 1, output: expect.stringContaining(`${page}: differs`) })
  })

  test('a page that is missing', () => {
    rmSync(join(copy, page))
    expect(diagrams('--check', copy)).toEqual({ status: 1, output: expect.stringContaining(`${page}: missing`) })
  })

  test('a page that is left over', () => {
    writeFileSync(join(copy, 'bygone.md'), '# bygone\n')
    expect(diagrams('--check', copy)).toEqual({ status: 1, output: expect.stringContaining('bygone.md: no package') })
  })

  test('and writing anew puts all of it right', () => {
    rmSync(join(copy, page))
    writeFileSync(join(copy, 'bygone.md'), '# bygone\n')
    expect(diagrams(copy).status).toBe(0)
    expect(diagrams('--check', copy).status).toBe(0)
    expect(globSync('*.md', { cwd: copy }).sort()).toEqual(globSync('*.md', { cwd: documents }).sort())
  })
})
