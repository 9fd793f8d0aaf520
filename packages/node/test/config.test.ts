import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  completeConfig,
  DEFAULT_CONFIG,
  getSetting,
  listSettings,
  readConfig,
  setSetting,
  writeConfig,
} from '../src/config.ts'
import { formatSize, parseDuration, parseSize } from '../src/units.ts'

describe('configuration', () => {
  test('nothing said means the defaults, which are valid', () => {
    expect(completeConfig({})).toEqual(DEFAULT_CONFIG)
  })
  test('what is written is read back', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.json')
    const config = setSetting(DEFAULT_CONFIG, 'customer.needed', '3 GiB')
    await writeConfig(file, config)
    expect(await readConfig(file)).toEqual(config)
  })
  test('a missing file means the defaults', async () => {
    await using folder = await temporaryFolder()
    expect(await readConfig(join(folder.path, 'config.json'))).toEqual(DEFAULT_CONFIG)
  })
  test('an unknown key is refused, with the nearest known one', () => {
    expect(() => completeConfig({ supplier: { ofer: '1 GiB' } })).toThrowError(/supplier\.ofer.*supplier\.offer/)
  })
  test.each([
    [{ customer: { suppliers: 5 } }, /customer\.suppliers/],
    [{ customer: { pingEvery: '3 weeks' } }, /customer\.pingEvery/],
    [{ supplier: { offer: 'much' } }, /supplier\.offer/],
    [{ api: { port: 70_000 } }, /api\.port/],
    [{ network: { name: 'Main Net' } }, /network\.name/],
    [{ listen: [] }, /listen/],
    [{ identity: { migrate: 'sometimes' } }, /identity\.migrate/],
    [{ identity: { staticSources: ['https://my.site/'] } }, /identity\.staticSources/],
    ['text', /config/],
  ])('%j is refused, naming the key', (partial, message) => {
    expect(() => completeConfig(partial)).toThrowError(message)
  })
  test('a file that is not JSON is named', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.json')
    await writeFile(file, '{ "version": 1, ')
    await expect(readConfig(file)).rejects.toMatchObject({ code: 'ConfigInvalid', subject: file })
  })
  test('every setting can be read and set by its name', () => {
    for (const [key, value] of listSettings(DEFAULT_CONFIG)) {
      expect(getSetting(DEFAULT_CONFIG, key)).toEqual(value)
      expect(setSetting(DEFAULT_CONFIG, key, JSON.stringify(value))).toEqual(DEFAULT_CONFIG)
    }
  })
})

describe('units', () => {
  test.each([
    ['1 GiB', 2 ** 30],
    ['256MiB', 256 * 2 ** 20],
    ['1.5 GB', 1.5e9],
    ['4096', 4096],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })
  test.each(['', '-1', '1 XB', '1e400', 'GiB'])('%j is no size', (text) => {
    expect(() => parseSize(text)).toThrowError(/size/)
  })
  test.each(['', '0 s', '-1 s', '5', '1 fortnight'])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrowError(/duration/)
  })
  test('a formatted size reads back within a percent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
        const back = parseSize(formatSize(bytes))
        expect(Math.abs(back - bytes) / bytes).toBeLessThanOrEqual(0.01)
      }),
    )
  })
})
