import { readFile } from 'node:fs/promises'
import { utf8Encode } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import { type Idurl, MAX_SOURCES, parseIdurl } from '@bitdust/identity'
import { isSupplierCount, PRESETS } from '@bitdust/raid'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import { parseDuration, parseRate, parseSchedule, parseSize } from './units.ts'

const MAX_CONFIG_BYTES = 256 * 1024

const size = v.pipe(v.string(), v.check(reads(parseSize), 'is not a size such as 1 GiB'))
const duration = v.pipe(v.string(), v.check(reads(parseDuration), 'is not a duration such as 10 min'))
const rate = v.pipe(v.string(), v.check(reads(parseRate), 'is neither unlimited nor a size per second such as 2 MiB'))
const schedule = v.pipe(v.string(), v.check(reads(parseSchedule), 'is neither off nor a duration such as 30 d'))
const staticSource = v.pipe(
  v.string(),
  v.check(reads(readAnyIdurl), 'is not an IDURL such as https://my.site/alice.xml'),
)
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))

/** The schema of `config.json`. Every key has a default and a line in docs/configuration.md; unknown keys are refused. */
const ConfigSchema = v.strictObject({
  /** Version of this file's form. */
  version: v.literal(1),
  network: v.strictObject({
    /** Name of the network; a node talks only to nodes of its own. */
    name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not a name of small letters, digits and dashes')),
    /** Everything runs on this machine or LAN: private addresses are allowed, limits that count per address are lifted. */
    local: v.boolean(),
    /** ID-servers known to this node, as `http://host:port`. */
    idServers: v.array(v.pipe(v.string(), v.url())),
    /** Where to enter the DHT: multiaddrs ending in `/p2p/<peer id>`. */
    seeds: v.array(v.string()),
  }),
  /** Addresses to listen on, as multiaddrs. */
  listen: v.pipe(v.array(v.string()), v.minLength(1)),
  /** Contacts to publish, as `tcp://host:port`; when empty they follow from the addresses listened on. */
  announce: v.array(v.string()),
  roles: v.strictObject({
    /** Stores data at suppliers. */
    customer: v.boolean(),
    /** Stores data for others, as far as `supplier.offer` goes. */
    supplier: v.boolean(),
  }),
  supplier: v.strictObject({
    /** Disk space lent to others, in all. */
    offer: size,
    /** Stored blocks one customer may have. */
    maxFiles: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  customer: v.strictObject({
    /** How many suppliers `hire` looks for by default. */
    suppliers: v.pipe(v.number(), v.check(isSupplierCount, `is not one of ${PRESETS.join(', ')}`)),
    /** Data to be stored in all; each supplier is asked for twice its part. */
    needed: size,
    /** How often each supplier is asked whether it is there. */
    pingEvery: duration,
    /** How long a supplier may be away before it is replaced. */
    replaceAfter: duration,
    /** How often everything stored is compared with what suppliers hold. */
    repairEvery: duration,
    /** How many of the newest versions of each path `prune` keeps by default. */
    keepVersions: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  transfer: v.strictObject({
    /** Most that is sent in a second, in all: our own data, and what others fetch from us. */
    upload: rate,
    /** Most that is received in a second, in all. */
    download: rate,
  }),
  identity: v.strictObject({
    /** How often the ID-servers of the own identity are looked at. */
    checkEvery: duration,
    /** On how many ID-servers the identity is kept. */
    sources: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6)),
    /** How often the identity is sent to its sources, the DHT and connected contacts although nothing changed. */
    propagateEvery: duration,
    /** How often the primary ID-server is changed although all are well, or `off`. */
    migrate: schedule,
    /** Sources on web sites, to which the user copies the identity himself. */
    staticSources: v.pipe(v.array(staticSource), v.maxLength(MAX_SOURCES - 1)),
    /** Folder of an exported site that the node keeps up to date; empty for none. */
    siteFolder: v.string(),
  }),
  idserver: v.strictObject({
    /** Whether this node is an ID-server too. */
    enabled: v.boolean(),
    /** Its name in IDURLs: `host` or `host:port`. */
    host: v.string(),
    /** The port it listens on. */
    port,
    /** The IP address it listens on; empty for all, or with `network.local` this machine alone. */
    address: v.string(),
    /** PEM files of a certificate and its key, to serve HTTPS; both or none. */
    tlsCert: v.string(),
    tlsKey: v.string(),
    /** Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed. */
    trustedProxies: v.array(v.string()),
    /** Most space for identities. */
    quota: size,
    /** Most identities. */
    maxIdentities: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  api: v.strictObject({
    /** Port of the local API on 127.0.0.1; 0 takes a free one. */
    port,
  }),
  log: v.strictObject({
    level: v.picklist(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  }),
})

/** The contents of `config.json`, complete. */
export type Config = v.InferOutput<typeof ConfigSchema>

/** A configuration in which only what differs from the defaults is said. */
export type PartialConfig = DeepPartial<Config>

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T

/** What holds where nothing is said. */
export const DEFAULT_CONFIG: Config = {
  version: 1,
  network: { name: 'main', local: false, idServers: [], seeds: [] },
  listen: ['/ip4/0.0.0.0/tcp/7771'],
  announce: [],
  roles: { customer: true, supplier: true },
  supplier: { offer: '0', maxFiles: 1_000_000 },
  customer: {
    suppliers: 4,
    needed: '1 GiB',
    pingEvery: '60 s',
    replaceAfter: '48 h',
    repairEvery: '10 min',
    keepVersions: 2,
  },
  transfer: { upload: 'unlimited', download: 'unlimited' },
  identity: {
    checkEvery: '5 min',
    sources: 2,
    propagateEvery: '6 h',
    migrate: 'off',
    staticSources: [],
    siteFolder: '',
  },
  idserver: {
    enabled: false,
    host: '',
    port: 8084,
    address: '',
    tlsCert: '',
    tlsKey: '',
    trustedProxies: [],
    quota: '1 GiB',
    maxIdentities: 500_000,
  },
  api: { port: 0 },
  log: { level: 'info' },
}

/**
 * Completes a partial configuration with the defaults and checks it.
 *
 * @throws {NodeError} `ConfigInvalid` naming the first wrong key, what is wrong with it and, for an unknown key, the nearest known one.
 */
export function completeConfig(partial: unknown): Config {
  const merged = mergeConfig(DEFAULT_CONFIG, partial)
  const result = v.safeParse(ConfigSchema, merged)
  if (result.success) return result.output
  const issue = result.issues[0]
  const key = v.getDotPath(issue) ?? 'config'
  const hint = issue.type === 'strict_object' ? `is not a setting; did you mean ${nearestKey(key)}?` : issue.message
  throw new NodeError('ConfigInvalid', `${key} ${hint}`, { subject: key })
}

/**
 * Lays one configuration over another: objects are merged key by key, everything else is replaced.
 * Does not check; {@link completeConfig} does.
 */
export function mergeConfig(base: unknown, over: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(over)) return over === undefined ? base : over
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) merged[key] = mergeConfig(base[key], value)
  return merged
}

/**
 * Reads `config.json`; a missing file means the defaults.
 *
 * @throws {NodeError} `ConfigInvalid`
 */
export async function readConfig(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  if (text.length > MAX_CONFIG_BYTES)
    throw new NodeError('ConfigInvalid', `${file} has more than ${MAX_CONFIG_BYTES} characters`)
  return completeConfig(parseJson(file, text))
}

/** Writes `config.json` in full, so that every setting can be seen in it. */
export async function writeConfig(file: string, config: Config): Promise<void> {
  await writeFileDurable(file, utf8Encode(`${JSON.stringify(config, null, 2)}\n`))
}

/** The value of a setting by its dotted name, such as `customer.needed`. */
export function getSetting(config: Config, key: string): unknown {
  const value = key
    .split('.')
    .reduce<unknown>((at, part) => (isPlainObject(at) && Object.hasOwn(at, part) ? at[part] : undefined), config)
  if (value === undefined)
    throw new NodeError('ConfigInvalid', `${key} is not a setting; did you mean ${nearestKey(key)}?`, { subject: key })
  return value
}

/** A configuration with one setting changed; `text` is JSON, or else taken as a string. */
export function setSetting(config: Config, key: string, text: string): Config {
  getSetting(config, key)
  const change = key.split('.').reduceRight<unknown>((value, part) => ({ [part]: value }), jsonOrText(text))
  return completeConfig(mergeConfig(config, change))
}

/** Every setting's dotted name with its value. */
export function listSettings(config: Config): [string, unknown][] {
  return flatten(config, '')
}

function flatten(value: unknown, prefix: string): [string, unknown][] {
  if (!isPlainObject(value)) return [[prefix, value]]
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix === '' ? key : `${prefix}.${key}`))
}

function nearestKey(key: string): string {
  const known = listSettings(DEFAULT_CONFIG).map(([name]) => name)
  return known.reduce((best, name) => (distance(key, name) < distance(key, best) ? name : best))
}

/** Levenshtein distance, two rows. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NodeError('ConfigInvalid', `${file} is not JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error,
      subject: file,
    })
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a private address may be used is for whoever connects. */
function readAnyIdurl(text: string): Idurl {
  return parseIdurl(text, { allowPrivate: true })
}

function reads(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text)
      return true
    } catch {
      return false
    }
  }
}
