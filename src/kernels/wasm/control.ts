// The control block: the first 128 bytes of every memory that a kernel sees. The host clears it before each job.
//   0  stop: not 0 = leave as soon as possible; results are discarded
//   4  threads that reached the barrier
//   8  generation of the barrier
//  12  next piece of work to be claimed
//  16  status of the job: 0 = well, else a kernel's own code
const STOP: usize = 0
const ARRIVED: usize = 4
const GENERATION: usize = 8
const CLAIM: usize = 12
const STATUS: usize = 16
// A barrier that is met soon is cheaper to spin on; one that is not must leave its core to others.
const SPINS: i32 = 4000

/** The next of `total` pieces of `size`, as its first index; `total` or more when none is left or the job was stopped. */
export function claim(size: i32, total: i32): i32 {
  if (atomic.load<i32>(STOP) != 0) return total
  return atomic.add<i32>(CLAIM, size)
}

/** Whether the host wants the job to end: threads that meet at barriers go on meeting there, and do nothing else. */
export function stopped(): bool {
  return atomic.load<i32>(STOP) != 0
}

/** Waits for all threads; the last to arrive sets the claims back to 0. */
export function barrier(threads: i32): void {
  if (threads == 1) {
    store<i32>(CLAIM, 0)
    return
  }
  const generation = atomic.load<i32>(GENERATION)
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0)
    atomic.store<i32>(CLAIM, 0)
    atomic.add<i32>(GENERATION, 1)
    atomic.notify(GENERATION, threads)
    return
  }
  for (let spin = 0; spin < SPINS; spin++) if (atomic.load<i32>(GENERATION) != generation) return
  while (atomic.load<i32>(GENERATION) == generation) atomic.wait<i32>(GENERATION, generation, -1)
}

/** Ends the job for all threads with a status other than 0. */
export function fail(status: i32): void {
  atomic.store<i32>(STATUS, status)
  atomic.store<i32>(STOP, 1)
}
