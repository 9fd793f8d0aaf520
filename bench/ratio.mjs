import { median } from './usage.mjs'

/**
 * Prints the median of ratios measured round by round, with the limit it must keep and the aim.
 *
 * @param ours - One figure per round, as `theirs`.
 */
export function printRatio(print, what, { unit, ours, theirs, limit, aim, ...more }) {
  print(what, {
    [unit]: Math.round(median(ours)),
    ...Object.fromEntries(
      Object.entries(theirs).map(([name, values]) => [`${name} ${unit}`, Math.round(median(values))]),
    ),
    ratio: round(median(ours.map((value, index) => value / least(theirs, index)))),
    limit,
    aim,
    ...more,
  })
}

/** The slowest of those that are compared with. */
function least(theirs, index) {
  return Math.min(...Object.values(theirs).map((values) => values[index]))
}

/** Two digits behind the point. */
export const round = (value) => Number(value.toFixed(2))
