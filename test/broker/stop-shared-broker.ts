/** globalTeardown of Jest's kafka project. */
export default async function tearDown(): Promise<void> {
  await (globalThis as { quorateStopBroker?: () => Promise<void> }).quorateStopBroker?.()
}
