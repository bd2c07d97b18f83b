/** The Kubernetes manifests: what each service must have there, and that names in them lead to something. */
import { expect } from 'chai';
import { manifestFiles, manifests, textOf, wrongVariables } from './files.js';

const SERVICES = ['edge', 'userstore', 'console'] as const;
const PORTS = { edge: 8080, userstore: 50_051, console: 8090 };

describe('the Kubernetes manifests', () => {
  const resources: string[] = manifests('kustomization.yaml')[0].resources;
  const all = resources.flatMap(manifests);
  const one = (kind: string, name: string) => {
    const found = all.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    expect(found, `${kind} ${name}`).to.have.length(1);
    return found[0];
  };

  it('are all listed for kustomize, and have a kind and a name each', () => {
    expect(manifestFiles()).to.have.members([...resources, 'kustomization.yaml']);
    for (const { apiVersion, kind, metadata } of all) {
      expect(apiVersion).to.match(/^([a-z\d.]+\/)?v1$/);
      expect(kind).to.be.a('string');
      expect(metadata.name).to.be.a('string');
    }
  });

  for (const name of SERVICES) {
    describe(name, () => {
      const { spec } = one('Deployment', name);
      const pod = spec.template.spec;
      const [container, ...more] = pod.containers;

      it('runs twice at least, spread over machines and zones, and is replaced one after the other; the console once', () => {
        if (name === 'console') {
          // Its sessions are in memory.
          expect([spec.replicas, spec.strategy.type]).to.deep.equal([1, 'Recreate']);
          return;
        }
        expect(spec.replicas).to.be.at.least(2);
        expect(spec.strategy.rollingUpdate).to.deep.equal({ maxUnavailable: 0, maxSurge: 1 });
        const spread = pod.topologySpreadConstraints.map(({ topologyKey }: { topologyKey: string }) => topologyKey);
        expect(spread).to.deep.equal(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
        expect(one('PodDisruptionBudget', name).spec.minAvailable).to.equal(1);
      });

      it('is selected by its service, its network policy and, with replicas, its disruption budget and spread', () => {
        const labels = { 'app.kubernetes.io/name': name };
        expect(spec.template.metadata.labels).to.include(labels);
        expect(spec.selector.matchLabels).to.deep.equal(labels);
        expect(one('Service', name).spec.selector).to.deep.equal(labels);
        expect(one('NetworkPolicy', name).spec.podSelector.matchLabels).to.deep.equal(labels);
        if (name === 'console') return;
        expect(one('PodDisruptionBudget', name).spec.selector.matchLabels).to.deep.equal(labels);
        for (const { labelSelector } of pod.topologySpreadConstraints) {
          expect(labelSelector.matchLabels).to.deep.equal(labels);
        }
      });

      it('is not root, has no rights, writes nothing, and is limited in memory', () => {
        expect(pod.securityContext).to.include({ runAsNonRoot: true, runAsUser: 1000 });
        expect(pod.automountServiceAccountToken).to.equal(false);
        expect(more).to.deep.equal([]);
        expect(container.securityContext).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).to.match(/^\d+Mi$/);
        expect(container.resources.requests).to.have.keys('cpu', 'memory');
      });

      it('is probed at its port, and restarted only if a restart can help', () => {
        expect(container.ports[0].containerPort).to.equal(PORTS[name]);
        const { startupProbe, livenessProbe, readinessProbe } = container;
        const port = container.ports[0].name;
        if (name === 'edge') {
          for (const probe of [startupProbe, livenessProbe]) {
            expect(probe.httpGet).to.deep.equal({ path: '/health/live', port });
          }
          expect(readinessProbe.httpGet).to.deep.equal({ path: '/health/ready', port });
        } else if (name === 'console') {
          expect(livenessProbe.httpGet).to.deep.equal({ path: '/health/live', port });
        } else {
          // Its port is not there before its database is, however long that takes; its metrics are.
          expect(startupProbe).to.equal(undefined);
          expect(livenessProbe.httpGet).to.deep.equal({ path: '/metrics', port: container.ports[1].name });
          expect(container.env).to.deep.include({
            name: 'USERSTORE_METRICS_PORT',
            value: String(container.ports[1].containerPort),
          });
          expect(textOf('userstore/Dockerfile')).to.include(
            JSON.stringify(readinessProbe.exec.command).replaceAll(',', ', '),
          );
        }
      });

      it('with the component tls has certificates by variables that it reads, out of secrets that are mounted', () => {
        const patch = manifests(`tls/${name}.yaml`)[0];
        expect([patch.kind, patch.metadata.name]).to.deep.equal(['Deployment', name]);
        const { containers, volumes } = patch.spec.template.spec;
        const { env, volumeMounts, name: patched } = containers[0];
        expect(patched).to.equal(container.name);
        const names = env.map((variable: { name: string }) => variable.name);
        expect(wrongVariables(name, names)).to.deep.equal([]);
        const folders = volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
        for (const { value } of env.filter((variable: { value: string }) => variable.value.startsWith('/'))) {
          expect(value).to.match(/^(.+)\/(tls\.crt|tls\.key|ca\.crt)$/);
          expect(folders, value).to.include(value.replace(/\/[^/]+$/, ''));
        }
        const mounted = volumeMounts.map((mount: { name: string }) => mount.name);
        expect(volumes.map((volume: { name: string }) => volume.name)).to.deep.equal(mounted);
        expect(manifests('tls/kustomization.yaml')[0].patches).to.deep.include({ path: `${name}.yaml` });
      });

      it('has variables that it reads, secrets by files that are mounted', () => {
        const given: { name: string; value: string }[] = container.env;
        expect(
          wrongVariables(
            name,
            given.map((variable) => variable.name),
          ),
        ).to.deep.equal([]);
        const mount = container.volumeMounts[0];
        expect(mount.readOnly).to.equal(true);
        for (const { value } of given.filter((variable) => variable.name.endsWith('_FILE'))) {
          expect(value.startsWith(`${mount.mountPath}/`), value).to.equal(true);
        }
        expect(pod.volumes).to.have.length(1);
        expect(pod.volumes[0]).to.deep.equal({ name: mount.name, secret: { secretName: name, defaultMode: 0o440 } });
      });
    });
  }

  it('let edges see every userstore, so that they can spread their calls', () => {
    expect(one('Service', 'userstore').spec).to.include({ clusterIP: 'None', publishNotReadyAddresses: true });
    const { env } = one('Deployment', 'edge').spec.template.spec.containers[0];
    expect(env).to.deep.include({ name: 'USERSTORE_ADDRESS', value: 'dns:///userstore:50051' });
  });

  it('let only edges and named clients reach userstore, and only userstore the database', () => {
    const { ingress } = one('NetworkPolicy', 'userstore').spec;
    expect(ingress.map(({ ports }: { ports: object[] }) => ports)).to.deep.equal([
      [{ port: PORTS.userstore }],
      [{ port: 9464 }],
    ]);
    for (const peer of ingress[0].from) expect(peer).to.have.property('podSelector');
    const edge = one('NetworkPolicy', 'edge').spec;
    expect(edge.policyTypes).to.deep.equal(['Ingress', 'Egress']);
    const reached = edge.egress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port));
    expect(reached).to.deep.equal([PORTS.userstore, 443, 53, 53]);
  });

  it('let the console test an identity provider as the edge connects to it: the same addresses, hosts and way out', () => {
    const of = (name: string) => {
      const { env } = one('Deployment', name).spec.template.spec.containers[0];
      const shared = ['PUBLIC_URL', 'SSO_ALLOWED_HOSTS'];
      return env.filter((variable: { name: string }) => shared.includes(variable.name));
    };
    expect(of('edge')).to.have.length(2);
    for (const name of ['userstore', 'console']) expect(of(name), name).to.deep.equal(of('edge'));
    expect(one('NetworkPolicy', 'console').spec.egress).to.deep.include({
      to: [{ ipBlock: { cidr: '0.0.0.0/0' } }],
      ports: [{ port: 443 }],
    });
  });
});
