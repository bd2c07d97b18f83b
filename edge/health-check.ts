/** The health check of the edge's image, a process of its own: exit status 0 while the edge beside it is ready. */

const TIMEOUT_MS = 3000;

try {
  const { status } = await fetch(`http://127.0.0.1:${process.env.PORT || 8080}/health/ready`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (status !== 200) throw new Error(`the edge is not ready: ${status}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
