/** Whose word the events are that messages bring about. */
export const teller = { source: 'messages', channel: 'message' } as const
