/** Import rules and file names: each rule has the reason that a failure prints. */
import { expect } from 'chai';
import { type Import, importsIn, projectFiles } from './harness/sources.js';

interface ImportRule {
  from: RegExp;
  mayNot: RegExp;
  because: string;
  /** Types vanish when compiled: importing them ties nothing at run time. */
  typesToo?: false;
}

const IMPORTS: ImportRule[] = [
  {
    from: /^edge\//,
    mayNot: /^userstore\//,
    because: 'they are two processes: what one needs of the other is a call of the contract',
  },
  {
    from: /^userstore\//,
    mayNot: /^edge\//,
    because: 'they are two processes, and userstore does not know who calls it',
  },
  {
    from: /^(edge|userstore)\//,
    mayNot: /^(bin|bench|test)\//,
    because: 'a service must run without the commands and tests around it',
  },
  {
    from: /^bin\//,
    mayNot: /^(edge|userstore)\/(?!config\.|rpc\/permissions\.)/,
    because:
      'commands reach the services as processes and over the contract, as in production; they share the configuration, and the table of permissions that the API reference shows',
  },
  {
    from: /^(bin|client|edge|userstore|proto)\//,
    mayNot: /^(test|bench)\//,
    because: 'what is shipped must not need what is not',
  },
  {
    from: /^proto\//,
    mayNot: /^(client|config|outbound|edge|userstore|bin|bench|test)\//,
    because: 'the contract is what both sides build on; it knows neither',
  },
  {
    from: /^client\//,
    mayNot: /^(?!client\/|proto\/(?!health\.ts)|@grpc\/grpc-js$|@bufbuild\/protobuf\/wire$|node:)/,
    because: 'it is a package for other services: they get it with the contract and grpc-js, nothing else',
  },
  {
    from: /^userstore\//,
    mayNot: /^client\//,
    because: 'userstore is called; it calls nobody',
  },
  {
    from: /^config\//,
    mayNot: /^(client|proto|edge|userstore|bin|bench|test)\//,
    because: 'how a process is configured is the same for all of them; each brings what it has to be configured with',
  },
  {
    from: /^outbound\//,
    mayNot: /^(?!outbound\/|config\/provider-hosts\.ts|zod$|node:)/,
    because: 'requests to addresses from outside are the same for the edge, the console and the commands',
  },
  {
    from: /^(userstore|config)\//,
    mayNot: /^outbound\//,
    because: 'userstore sends no requests to addresses from outside',
  },
  { from: /^proto\/gen\//, mayNot: /^proto\/(?!gen\/)/, because: 'generated code is output: it would be overwritten' },
  {
    from: /^edge\/scim\//,
    mayNot: /^(?!edge\/scim\/|proto\/gen\/|client\/filters\.ts)/,
    because:
      'the SCIM core is text in, values out, so that tables can test it: no framework, transport, environment or clock',
  },
  {
    from: /^edge\/scim\//,
    mayNot: /^proto\/gen\/(?!userstore\/v1\/(extension_schema|filter|group|group_service|user|user_service)\.ts)/,
    because:
      'the SCIM core makes users, groups, filters and operations by the schemas of organizations, nothing else of the contract',
  },
  {
    from: /^edge\/(?!store-client\.ts)/,
    mayNot: /^(@grpc\/|grpc-|client\/(?!(errors|filters)\.ts)|proto\/health\.ts)/,
    because: 'store-client.ts is the only place a call can be made, so every call has a deadline and a request id',
  },
  {
    from: /^client\/filters\.ts/,
    mayNot: /^(?!proto\/gen\/)/,
    because: 'the SCIM core makes filters with it, which is text in, values out',
  },
  {
    from: /^(config|edge|userstore)\/(?!metrics(-server)?\.ts|main\.ts|certificate-metrics\.ts)/,
    mayNot: /^prom-client$/,
    because: 'one file of each process knows its metrics, and one those that both have; the others call functions',
  },
  {
    from: /^(edge|userstore)\/(?!tracing\.ts|observation\.ts)/,
    mayNot: /^@opentelemetry\//,
    because: 'one file of each process knows what a span says',
  },
  {
    from: /^(edge|userstore|proto|bin)\//,
    mayNot: /^@opentelemetry\/(?!api$)/,
    because: 'the operator decides whether and where traces go, and loads an SDK',
  },
  {
    from: /^edge\/store-client\.ts/,
    mayNot: /^(express$|edge\/(?!limits\/fair-shares\.ts))/,
    because: 'calling userstore has nothing to do with HTTP or SCIM',
  },
  {
    from: /^edge\/routes\//,
    mayNot: /^edge\/(app|main|config)\.ts/,
    because: 'a handler is parse, call, render; it is given what it needs',
  },
  {
    from: /^edge\/error-mapping\.ts/,
    mayNot: /^edge\/(app|main|auth|routes\/.*)(\.ts)?$/,
    because: 'the table of failures stands below everything that can fail',
  },
  { from: /^edge\//, mayNot: /^(mongoose|mongodb)/, because: 'the edge owns no data' },
  {
    from: /^edge\/(?!sign-in\/provider\.ts)/,
    mayNot: /^(openid-client|oauth4webapi)/,
    because: 'provider.ts is the only place that asks a provider, so every request is bounded and every answer checked',
  },
  {
    from: /^edge\/(?!sign-in\/(seal|jwt)\.ts)/,
    mayNot: /^jose$/,
    because: 'one file checks signatures and one file opens seals, each with its algorithms',
  },
  {
    from: /^edge\/sign-in\//,
    mayNot:
      /^edge\/(?!sign-in\/|store-client\.ts|request-context\.ts|request-log\.ts|request-work\.ts|activity\/recorder\.ts|limits\/network\.ts)/,
    because: 'signing in has nothing to do with SCIM, and does not know on which pages it is told',
  },
  {
    from: /^edge\/sign-in\//,
    mayNot: /^express$/,
    because: 'signing in reads requests and sets cookies, but has no routes',
    typesToo: false,
  },
  {
    from: /^edge\/sign-in\/(target|address|sign-in-error)\.ts/,
    mayNot: /^(?!node:url$)/,
    because: 'these are pure: text in, values out, so that any input can test them',
  },
  {
    from: /^edge\/pages\/(?!frame\.ts)/,
    mayNot: /^(express$|edge\/(?!pages\/|scim\/(attributes|resource-types)\.ts))/,
    because: 'a page is made of what it shows; who may see it is decided before',
  },
  { from: /^userstore\//, mayNot: /^express/, because: 'userstore speaks gRPC only' },
  {
    from: /^console\//,
    mayNot: /^(edge|userstore|bin|bench|test)\//,
    because: 'the console is a client of userstore like any other service, with the same rights and no others',
  },
  {
    from: /^(?!console\/|test\/(console|browser)\/|test\/harness\/)/,
    mayNot: /^console\/(?!config\.ts)/,
    because: 'everything else works without the console',
  },
  {
    from: /^console\/(?!userstore\.ts)/,
    mayNot: /^(@grpc\/|client\/(?!(filters|errors|required|counts)\.ts))/,
    because: 'one file calls userstore, so every call has a deadline and the role of the person',
  },
  {
    from: /^console\/(?!staff\/provider\.ts)/,
    mayNot: /^(openid-client|oauth4webapi)/,
    because: 'one file asks the identity provider',
  },
  {
    from: /^console\/pages\//,
    mayNot: /^(express$|console\/(routes|acts|userstore|app|main|answer))/,
    because: 'a page is made of what it shows',
    typesToo: false,
  },
  { from: /^brand\//, mayNot: /^./, because: 'how pages look needs nothing' },
  { from: /^(?!console\/)/, mayNot: /^preact/, because: 'only the console has components' },
  {
    from: /^userstore\/domain\//,
    mayNot: /^(@grpc\/|grpc-|mongoose|mongodb|express|pino|userstore\/(rpc|main|server|rules|outbox-flush|config))/,
    because: 'the rules outlive transports and drivers',
  },
  {
    from: /^userstore\/domain\//,
    mayNot: /^userstore\/storage\/(?!database-errors\.ts)/,
    because: 'the rules are given a storage; they do not choose one',
    typesToo: false,
  },
  {
    from: /^userstore\/storage\//,
    mayNot: /^(prom-client|@opentelemetry\/)/,
    because: 'storage tells an observer what it did; what that is made of is not its affair',
  },
  {
    from: /^userstore\/model\//,
    mayNot: /^(?!userstore\/model\/|proto\/)/,
    because: 'the model is pure: values in, values out, so that any input can test it; it imports the contract only',
  },
  {
    from: /^userstore\/storage\//,
    mayNot: /^(@grpc\/|grpc-|userstore\/rpc\/|userstore\/(main|server|rules|outbox-flush|config)\.ts)/,
    because: 'storage does not know how it is reached',
  },
  {
    from: /^userstore\/storage\//,
    mayNot: /^userstore\/domain\//,
    because: 'storage keeps users and groups; it does not decide about them',
  },
  {
    from: /^userstore\/(?!domain\/sealing\.ts|secret-keys\.ts|rules\.ts|main\.ts|config\.ts)/,
    mayNot: /^userstore\/(domain\/sealing|secret-keys)\.ts/,
    because: 'keys are handled where secrets are sealed, and nowhere else; rules are given a sealer',
    typesToo: false,
  },
  {
    from: /^userstore\/(?!storage\/)/,
    mayNot: /^(mongoose|mongodb)/,
    because: 'one place knows the database',
    typesToo: false,
  },
  {
    from: /^userstore\/(?!storage\/|main\.ts)/,
    mayNot: /^(mongoose|mongodb)/,
    because: 'one place knows the database, and only main.ts holds its connection',
  },
  {
    from: /^userstore\/rpc\//,
    mayNot: /^userstore\/(storage\/(?!database-errors\.ts)|main\.ts|config\.ts)/,
    because: 'an RPC asks the rules, which ask storage',
  },
  {
    from: /^(config|edge|userstore)\/.*(?<!main)\.ts$/,
    mayNot: /^node:process$/,
    because: 'only main.ts knows the process it runs in',
  },
  {
    from: /^(edge|userstore)\/health-check\.ts/,
    mayNot: /^(config|edge|userstore|proto|bin)\//,
    because: 'it is a separate process that asks the service from outside, every few seconds: it must start at once',
  },
  {
    from: /^(config|edge|userstore|bin)\/(?!.*\bhealth-check\.ts)/,
    mayNot: /\/health-check\.ts$/,
    because: 'importing it would end the process',
  },
];

const TEXTS: { from: RegExp; mayNot: RegExp; because: string }[] = [
  {
    from: /^(config|outbound|edge|userstore)\/(?!main\.ts|health-check\.ts)/,
    mayNot: /\bprocess\.(env|exit|argv|on)\b/,
    because: 'only main.ts knows the process it runs in; configuration is handed down',
  },
  {
    from: /^edge\/scim\//,
    mayNot: /\b(Date\.now|new Date\(\)|performance\.|Math\.random|setTimeout|process\.)/,
    because: 'the SCIM core says the same of the same text at any time',
  },
  {
    from: /^userstore\/model\//,
    mayNot: /\b(Date\.now|new Date\(\)|Math\.random|process\.)/,
    because: 'the model is pure',
  },
  {
    from: /^(bin|client\/(?!transport\.ts)|edge|userstore|test\/harness)/,
    mayNot: /\bmake(Unary|ServerStream)Request\b|\b\w+ServiceClient\b/,
    because: 'there is one client of userstore, which the services, the commands and other services share',
  },
  {
    from: /^(config|edge|userstore)\//,
    mayNot: /\bconsole\./,
    because: 'services log structured lines with the request id',
  },
];

const DRAWERS = /(^|\/)(common|utils?|helpers?|shared|misc|lib)(\/|\.ts$)/;

const breaks = ({ from, mayNot, typesToo }: ImportRule, found: Import): boolean =>
  from.test(found.from) && mayNot.test(found.to) && !(typesToo === false && found.isTypeOnly);

describe('the architecture', () => {
  const sources = projectFiles((path) => /\.tsx?$/.test(path));
  const imports = [...sources].flatMap(([file, text]) => importsIn(file, text));

  for (const rule of IMPORTS) {
    it(`${rule.from.source} never imports ${rule.mayNot.source}: ${rule.because}`, () => {
      const broken = imports.filter((found) => breaks(rule, found)).map(({ from, to }) => `${from} imports ${to}`);
      expect(broken, `${rule.because}\n      ${broken.join('\n      ')}\n`).to.deep.equal([]);
    });
  }

  for (const { from, mayNot, because } of TEXTS) {
    it(`${from.source} never says ${mayNot.source}: ${because}`, () => {
      const broken = [...sources].flatMap(([file, text]) =>
        from.test(file) && mayNot.test(text) ? [`${file} says ${mayNot.exec(text)?.[0]}`] : [],
      );
      expect(broken, because).to.deep.equal([]);
    });
  }

  it('no file or folder is a drawer: a name says what is in it', () => {
    expect([...sources.keys()].filter((file) => DRAWERS.test(file))).to.deep.equal([]);
  });

  it('every import of ours leads to a file', () => {
    const ours = imports.filter(({ to }) => /\.tsx?$/.test(to));
    expect(ours.filter(({ to }) => !sources.has(to)).map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('every rule is about files that there are', () => {
    const idle = [...IMPORTS, ...TEXTS].filter(({ from }) => ![...sources.keys()].some((file) => from.test(file)));
    expect(idle.map(({ from }) => from.source)).to.deep.equal([]);
  });

  describe('is checked by rules that see', () => {
    const seen: [text: string, to: string, isTypeOnly: boolean][] = [
      ["import express from 'express';", 'express', false],
      ["import {\n  a,\n  type B,\n} from '../../userstore/config.js';", 'userstore/config.ts', false],
      ["import type { Connection } from 'mongoose';", 'mongoose', true],
      ["import 'node:process';", 'node:process', false],
      ["export * from './errors.js';", 'edge/scim/errors.ts', false],
      ["export { a } from '@grpc/grpc-js';", '@grpc/grpc-js', false],
      ["const late = await import('mongoose');", 'mongoose', false],
    ];
    for (const [text, to, isTypeOnly] of seen) {
      it(JSON.stringify(text), () => {
        const found = importsIn('edge/scim/filter.ts', `/** A file. */\n${text}\n`);
        expect(found).to.deep.equal([{ from: 'edge/scim/filter.ts', to, isTypeOnly }]);
      });
    }

    const violations: [from: string, to: string][] = [
      ['edge/app.ts', 'userstore/config.ts'],
      ['userstore/domain/users.ts', 'edge/scim/user.ts'],
      ['edge/scim/filter.ts', 'express'],
      ['edge/scim/user.ts', 'node:crypto'],
      ['edge/auth.ts', '@grpc/grpc-js'],
      ['edge/auth.ts', 'client/calls.ts'],
      ['client/channel.ts', 'config/certificates.ts'],
      ['edge/routes/login.ts', 'openid-client'],
      ['edge/sign-in/revocation.ts', 'jose'],
      ['edge/sign-in/flow.ts', 'edge/pages/login.ts'],
      ['edge/sign-in/cookies.ts', 'express'],
      ['edge/pages/login.ts', 'edge/sign-in/cookies.ts'],
      ['edge/auth.ts', 'prom-client'],
      ['config/certificates.ts', 'prom-client'],
      ['userstore/storage/users.ts', '@opentelemetry/api'],
      ['userstore/tracing.ts', '@opentelemetry/sdk-trace-node'],
      ['userstore/domain/users.ts', 'mongoose'],
      ['userstore/rpc/status.ts', 'mongoose'],
      ['userstore/model/user.ts', 'uuid'],
      ['userstore/rpc/user-service.ts', 'userstore/storage/users.ts'],
      ['userstore/storage/users.ts', 'userstore/domain/users.ts'],
      ['userstore/storage/sweep.ts', 'userstore/domain/membership-changes.ts'],
      ['userstore/model/members.ts', 'userstore/storage/memberships.ts'],
      ['userstore/model/patch.ts', 'node:crypto'],
      ['proto/health.ts', 'client/calls.ts'],
      ['userstore/rpc/status.ts', 'client/errors.ts'],
    ];
    for (const [from, to] of violations) {
      it(`${from} importing ${to}`, () => {
        expect(IMPORTS.some((rule) => breaks(rule, { from, to, isTypeOnly: false }))).to.equal(true);
      });
    }
  });

  it('is read from this project', () => {
    expect(sources.size).to.be.greaterThan(50);
  });
});
