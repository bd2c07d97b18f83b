/** Metrics of certificates, with the same names in all services. The label is the variable that names the file. */
import { Gauge, type Registry } from 'prom-client';
import type { CertificateFiles } from './certificate-files.js';
import type { FollowedCertificates } from './certificates.js';

/** Certificates and the variables that name their files. */
export type Shown = readonly [certificates: FollowedCertificates | undefined, variables: CertificateFiles];

/** Registers the metrics of the configured certificates. */
export function showCertificates(registry: Registry, shown: readonly Shown[]): void {
  const gauge = (name: string, help: string, measure: (certificates: FollowedCertificates, end: Date) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['certificate'],
      registers: [registry],
      aggregator: 'min',
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
    'Expiry of the certificate in use; of several CAs, the earliest.',
    (_, end) => end.getTime() / 1000,
  );
  gauge(
    'certificate_files_usable',
    'Whether the current content of the file, and of the files used with it, is usable.',
    (certificates) => Number(certificates.areUsable()),
  );
}
