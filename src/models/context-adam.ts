/** Gradient descent with moments for large tables of which a batch uses few rows. */

/** Kingma and Ba, Adam (2015); `stepTouched` moves only the rows that a batch used. */
export class Adam {
  readonly values: Float32Array
  readonly gradient: Float32Array
  readonly #rate: number
  readonly #mean: Float32Array
  readonly #square: Float32Array
  readonly #touched: number[] = []
  readonly #isTouched: Uint8Array
  #steps = 0

  constructor(length: number, rate: number) {
    this.values = new Float32Array(length)
    this.gradient = new Float32Array(length)
    this.#mean = new Float32Array(length)
    this.#square = new Float32Array(length)
    this.#isTouched = new Uint8Array(length)
    this.#rate = rate
  }

  touch(row: number): void {
    if (this.#isTouched[row]) return
    this.#isTouched[row] = 1
    this.#touched.push(row)
  }

  step(scale: number): void {
    this.#steps++
    this.#move(0, this.values.length, scale, 0, this.#pace())
  }

  stepTouched(width: number, scale: number, decay: number): void {
    this.#steps++
    const pace = this.#pace()
    for (const row of this.#touched) {
      this.#move(row * width, (row + 1) * width, scale, decay, pace)
      this.#isTouched[row] = 0
    }
    this.#touched.length = 0
  }

  #pace(): number {
    return (this.#rate * Math.sqrt(1 - 0.999 ** this.#steps)) / (1 - 0.9 ** this.#steps)
  }

  #move(from: number, to: number, scale: number, decay: number, pace: number): void {
    for (let i = from; i < to; i++) {
      const g = this.gradient[i] * scale + decay * this.values[i]
      this.#mean[i] += 0.1 * (g - this.#mean[i])
      this.#square[i] += 0.001 * (g * g - this.#square[i])
      this.values[i] -= (pace * this.#mean[i]) / (Math.sqrt(this.#square[i]) + 1e-8)
      this.gradient[i] = 0
    }
  }
}
