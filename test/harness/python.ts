/** Python with packages, for clients and receivers of other people. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT = { timeout: 200_000 };

/**
 * Creates a virtual environment with these packages in `folder`. Returns the path of its Python. Throws where the machine
 * or its network has not what that takes. The machine's pip installs them: a copy in the environment takes five seconds of
 * CPU, so it is made only where pip is missing or older than 22.3.
 */
export async function pythonWith(packages: readonly string[], folder: string): Promise<string> {
  const python = join(folder, 'bin', 'python');
  await run('python3', ['-m', 'venv', '--without-pip', folder], TIMEOUT);
  const install = ['install', '--quiet', '--disable-pip-version-check', ...packages];
  const hasPip = await run('python3', ['-m', 'pip', '--python', python, '--version']).then(
    () => true,
    () => false,
  );
  if (!hasPip) await run(python, ['-m', 'ensurepip'], TIMEOUT);
  await (hasPip
    ? run('python3', ['-m', 'pip', '--python', python, ...install], TIMEOUT)
    : run(python, ['-m', 'pip', ...install], TIMEOUT));
  return python;
}
