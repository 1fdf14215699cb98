/** The words of the engine's vocabulary, without the rest of it: for commands that begin before anything is loaded. */
export { roles } from '../access/people.ts'
export { taskStates } from '../tasks/task.ts'
