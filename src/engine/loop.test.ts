import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { simulatedWorld, systemWorld, type World } from '../world.ts'
import { createLoop, type Loop, type LoopOptions, type Work } from './loop.ts'

const loops: Loop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

function loopOf(works: readonly Work[], options: Partial<LoopOptions> = {}): Loop {
  const loop = createLoop(works, { world: systemWorld, onError: () => {}, idleMs: 60_000, restMs: 1, ...options })
  loops.push(loop)
  return loop
}

/** Due times that are dealt with in pieces; `after` = what one that is dealt with makes due elsewhere. */
function agenda(name: string, due: number[], piece = 2, after: (at: number) => void = () => {}) {
  const done: number[] = []
  const work: Work = {
    name,
    async settle(now) {
      due.sort((a, b) => a - b)
      const taken = due.splice(0, Math.min(piece, due.filter((at) => at <= now).length))
      await sleep(0)
      for (const at of taken) after(at)
      done.push(...taken)
      return { done: taken.length, next: due[0] ?? null }
    },
  }
  return { work, due, done }
}

async function until(reached: () => boolean): Promise<void> {
  for (let tries = 0; !reached(); tries++) {
    if (tries > 2000) throw new Error('it never came to that')
    await sleep(2)
  }
}

describe('the loop', () => {
  it('does what is due in pieces, and what becomes due when its time has come', async () => {
    const now = systemWorld.now()
    const { work, done } = agenda('a', [now - 3, now - 2, now - 1, now + 40])
    loopOf([work]).start()
    await until(() => done.length === 4)
    expect(systemWorld.now()).toBeGreaterThanOrEqual(now + 40)
  })

  it('looks again when it is woken, also amid a piece', async () => {
    const { work, due, done } = agenda('a', [])
    const loop = loopOf([work])
    loop.start()
    await sleep(10)
    due.push(1)
    loop.wake()
    await until(() => done.length === 1)
    let calls = 0
    let release = () => {}
    const slow: Work = {
      name: 'slow',
      async settle() {
        calls++
        if (calls === 1) await new Promise<void>((resolve) => (release = resolve))
        return { done: 0, next: null }
      },
    }
    const second = loopOf([slow])
    second.start()
    await until(() => calls === 1)
    second.wake()
    release()
    await until(() => calls === 2)
  })

  it('never overlaps itself, and one that hangs or fails holds no other up', async () => {
    let inside = 0
    let most = 0
    const failing: Work = {
      name: 'failing',
      settle: async () => {
        throw new Error('no')
      },
    }
    const hanging: Work = { name: 'hanging', settle: () => new Promise((resolve) => setTimeout(resolve, 200, idle)) }
    const idle = { done: 0, next: null }
    let left = 20
    const busy: Work = {
      name: 'busy',
      async settle(now) {
        inside++
        most = Math.max(most, inside)
        await sleep(1)
        inside--
        left--
        return { done: 1, next: left > 0 ? now : null }
      },
    }
    const failed: string[] = []
    const loop = loopOf([hanging, failing, busy], { onError: (_, work) => failed.push(work), idleMs: 5 })
    loop.start()
    await until(() => left <= 10)
    for (let n = 0; n < 50; n++) loop.wake()
    await until(() => left <= 0 && failed.length >= 2)
    expect(most).toBe(1)
    expect(new Set(failed)).toEqual(new Set(['failing']))
  })

  it('what one does makes the others look at once', async () => {
    const second = agenda('second', [])
    const first = agenda('first', [], 1, (at) => second.due.push(at))
    const loop = loopOf([second.work, first.work])
    loop.start()
    await sleep(10)
    first.due.push(1)
    loop.wake()
    // By itself it would look in a minute.
    await until(() => second.done.length === 1)
  })

  it('waits for the piece under way when it stops, and begins none after', async () => {
    const now = systemWorld.now()
    const { work, done } = agenda('a', Array(100).fill(now - 1), 1)
    const loop = loopOf([work])
    loop.start()
    await until(() => done.length > 0)
    await loop.stop()
    const atStop = done.length
    await sleep(20)
    expect(done.length).toBe(atStop)
    expect(atStop).toBeLessThan(100)
  })

  it('settles what a piece that was under way by itself made due in another', async () => {
    const world: World & { advance(ms: number): void } = simulatedWorld(1, 0)
    const second = agenda('second', [])
    const first = agenda('first', [], 1, (at) => second.due.push(at))
    const slowly = ({ work, due }: typeof first): Work & { begun: boolean } => ({
      name: work.name,
      begun: false,
      async settle(now) {
        if (due.length > 0) {
          this.begun = true
          await sleep(30)
        }
        return work.settle(now)
      },
    })
    const [one, other] = [slowly(first), slowly(second)]
    const loop = loopOf([other, one], { world })
    loop.start()
    await sleep(10)
    first.due.push(0)
    loop.wake()
    await until(() => one.begun)
    await loop.settle()
    expect(second.done).toEqual([0])
  })

  it('settles in simulated time what one work makes due in another, without ever being started', async () => {
    const world: World & { advance(ms: number): void } = simulatedWorld(1, 0)
    const second = agenda('second', [])
    const first = agenda('first', [10, 20, 500], 1, (at) => second.due.push(at))
    const loop = loopOf([second.work, first.work], { world })
    await loop.settle()
    expect(first.done).toEqual([])
    world.advance(100)
    await loop.settle()
    expect(first.done).toEqual([10, 20])
    expect(second.done).toEqual([10, 20])
    world.advance(400)
    await loop.settle()
    expect(second.done).toEqual([10, 20, 500])
  })
})
