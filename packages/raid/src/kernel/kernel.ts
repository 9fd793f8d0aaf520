/** Rows that are multiplied with a matrix, each named by its number. */
export interface Matrix {
  readonly inputs: readonly number[]
  /** None of them is an input. */
  readonly outputs: readonly number[]
  /** Column by column: first what of the first input stands in each output. */
  readonly coefficients: Uint8Array<ArrayBuffer>
}

/**
 * The arithmetic of a coder, over rows of bytes in one memory (layout.ts). It knows neither fragments nor losses.
 *
 * Works on whole vectors: up to 31 bytes behind `length` are overwritten in every row that is written.
 */
export interface Kernel {
  readonly name: string
  /** All of it; neither moves nor grows. */
  readonly memory: Uint8Array
  /** By number of data fragments n: ways to parity that are shorter than the matrix. */
  readonly encoders: ReadonlyMap<number, Encoder>
  /** Sets the matrix of the next calls of {@link multiply}. `pitch` is the number of bytes from one row to the next. */
  setMatrix(matrix: Matrix, pitch: number): void
  /** Sets the output rows to the product of the matrix with the input rows. */
  multiply(length: number): void
  /** Adds (xor) the bytes at address `from` to those at `to`. */
  add(to: number, from: number, length: number): void
  /** Whether the bytes at two addresses are the same; exactly `length` of them. */
  same(a: number, b: number, length: number): boolean
}

/** Computes rows n..2n-1 of an n + n code, parity, from rows 0..n-1, data. */
export interface Encoder {
  /** Multiplications that a byte of every fragment takes; the matrix takes n * n. */
  readonly multiplications: number
  run(length: number): void
}
