/** Forms are taken from our own pages alone. */
import type { FastifyRequest } from 'fastify'
import { HabitueError } from '../../errors.ts'

/** Nobody acts for the customer from a page of another site. @throws HabitueError csrf_failed */
export function checkSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new HabitueError('csrf_failed', 'The request came from another site.')
}
