/** The engine, loaded where a command runs it itself: most speak with the process that does, and begin at once without. */
export async function engineHere() {
  const [engine, app, listening] = await Promise.all([
    import('../engine.ts'),
    import('../http/app.ts'),
    import('../http/listen.ts'),
  ])
  return { ...engine, createApp: app.createApp, listen: listening.listen }
}
