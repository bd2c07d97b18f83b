/** The metrics of certificates, of the same names in all services. Each is told by the variable that names its file. */
import { Gauge, type Registry } from 'prom-client';
import type { CertificateFiles } from './certificate-files.js';
import type { FollowedCertificates } from './certificates.js';

/** Certificates, and the variables that name their files. */
export type Shown = readonly [certificates: FollowedCertificates | undefined, variables: CertificateFiles];

/** Registers the metrics of certificates, of those that there are. */
export function showCertificates(registry: Registry, shown: readonly Shown[]): void {
  const gauge = (name: string, help: string, measure: (certificates: FollowedCertificates, end: Date) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['certificate'],
      registers: [registry],
      collect() {
        for (const [certificates, variables] of shown) {
          for (const file of ['cert', 'ca'] as const) {
            const end = certificates?.validity()[file];
            if (certificates && end) this.labels(variables[file] ?? file).set(measure(certificates, end));
          }
        }
      },
    });
  gauge(
    'certificate_expiry_timestamp_seconds',
    'When the certificate in use expires; of several CAs, the first to do so.',
    (_, end) => end.getTime() / 1000,
  );
  gauge(
    'certificate_files_usable',
    'Whether what is now in the file, and in those that are used with it, can be used.',
    (certificates) => Number(certificates.areUsable()),
  );
}
