import { describe, expect, test } from 'vitest'
import { type Plan, planEncoding, planRestoring } from '../src/kernel/plan.ts'
import { createPlanCache } from '../src/kernel/plan-cache.ts'

const run = () => {}
const encoders = new Map([
  [18, { multiplications: 75, run }],
  [64, { multiplications: 328, run }],
])

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** What is done, and with how many columns and rows of a matrix. */
function summary({ steps, matrix }: Plan): string {
  const size = matrix === undefined ? '' : ` ${matrix.inputs.length}x${matrix.outputs.length}`
  return steps.map((step) => step.do).join(' ') + size
}

/** The plan with these data and parity fragments lost. */
function restoring(n: number, lostData: number, lostParity: number, wanted: readonly number[]): string {
  const there = [...range(lostData, n), ...range(n + lostParity, 2 * n)]
  return summary(planRestoring(n, there, wanted, encoders))
}

describe('the shortest way is taken', () => {
  test('of encoding', () => {
    expect(summary(planEncoding(64, 64, encoders))).toBe('encode')
    expect(summary(planEncoding(64, 63, encoders))).toBe('multiply 64x63')
    expect(summary(planEncoding(5, 5, encoders))).toBe('multiply 5x5')
  })

  test('few fragments come from the matrix, data or parity', () => {
    expect(restoring(64, 1, 1, [0, 64])).toBe('multiply 64x2')
    expect(restoring(18, 9, 9, range(0, 9))).toBe('multiply 18x9')
    expect(restoring(5, 2, 3, [0, 1, 5, 6, 7])).toBe('multiply 5x5')
  })

  test('much parity comes from the encoder', () => {
    expect(restoring(64, 0, 64, range(64, 128))).toBe('encode')
    expect(restoring(18, 1, 17, [0, ...range(18, 35)])).toBe('multiply encode 18x1')
  })

  test('much data comes from the difference of parity, and only then all of it', () => {
    expect(restoring(64, 32, 0, range(0, 32))).toBe('clear encode add multiply 32x32')
    expect(restoring(64, 32, 32, [...range(0, 32), ...range(64, 96)])).toBe('clear encode add multiply encode 32x32')
    expect(restoring(64, 32, 32, [0])).toBe('multiply 64x1')
    expect(restoring(64, 64, 0, range(0, 64))).toBe('multiply 64x64')
  })
})

describe('the plan cache', () => {
  test('keeps those that were used last', () => {
    const planFor = createPlanCache()
    const made: string[] = []
    const get = (key: string) =>
      planFor(key, () => {
        made.push(key)
        return planEncoding(1, 1, encoders)
      })
    expect(get('first')).toBe(get('first'))
    for (const index of range(0, 31)) get(`${index}`)
    get('first')
    get('31')
    expect(made.splice(0)).toHaveLength(33)
    get('first')
    expect(made).toEqual([])
    get('0')
    expect(made).toEqual(['0'])
  })
})
