/**
 * For a test that needs a tool which not every machine has. The result says whether to skip:
 * `test.skipIf(requirement('chromium', path !== null, 'no browser found'))`.
 *
 * @param name - The tool, as a person would look it up.
 * @param available - Whether it is here.
 * @param reason - Why it is thought to be missing; printed, so that no test is skipped silently.
 * @returns `true` when the test must be skipped.
 * @throws {Error} when the tool is missing and the environment says `BITDUST_REQUIRE=all`, as continuous integration does.
 */
export function requirement(name: string, available: boolean, reason: string): boolean {
  if (available) return false
  if (process.env.BITDUST_REQUIRE === 'all')
    throw new Error(`${name} is required here (BITDUST_REQUIRE=all): ${reason}`)
  process.stderr.write(`skipped, needs ${name}: ${reason}\n`)
  return true
}
