/** The signal that tells a service to stop. */

/** The process, or an emitter of the same events. */
interface SignalSource {
  on(event: string, listener: () => void): unknown;
}

/**
 * Returns a signal that aborts on SIGTERM, on SIGINT, and when the parent process that started this one with a channel
 * ends.
 */
export function stopSignal(source: SignalSource): AbortSignal {
  const controller = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) source.on(event, () => controller.abort());
  return controller.signal;
}
