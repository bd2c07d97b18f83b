/** The outcome of a test of single sign-on. */
import type { JSX } from 'preact';
import type { Outcome } from '../../outbound/provider-test.js';
import { Facts, Value } from './text.js';

const CLIENT: Record<Outcome['client'], string> = {
  accepted: 'accepted',
  refused: 'refused',
  unknown: 'the provider says neither yes nor no',
  'not tried': 'not tried',
};

/** The verdict with its reasons. Texts of the provider are in them. */
export function TestOutcome({
  outcome: { url, verdict, isReached, problems, remarks, client },
  isClientKnown,
  back,
}: {
  outcome: Outcome;
  /** Whether the person's role may use the client secret. */
  isClientKnown: boolean;
  /** The address of the page of the organization. */
  back: string;
}): JSX.Element {
  const isFine = problems.length === 0;
  return (
    <>
      <p class={isFine ? 'good' : 'error'}>
        {isReached ? verdict : 'The console cannot see whether people can sign in:'}
      </p>
      {!isFine && <Sentences texts={problems} />}
      {remarks.length > 0 && (
        <>
          <h2>Remarks</h2>
          <Sentences texts={remarks} />
        </>
      )}
      <Facts
        rows={[
          ['Looked at', <code>{url}</code>],
          ['Client id and secret', CLIENT[client]],
        ]}
      />
      {!isClientKnown && (
        <p>Only the role "admin" may use the client secret, so the client id and the client secret were not tried.</p>
      )}
      {!isReached && (
        <p>
          This says nothing about the provider if the machine of the console has no way out to the internet: run{' '}
          <code>npm run admin -- sso test --issuer</code> where there is one.
        </p>
      )}
      <p>
        <a href={back}>Back to the organization</a>
      </p>
    </>
  );
}

const Sentences = ({ texts }: { texts: readonly string[] }) => (
  <ul>
    {texts.map((text) => (
      <li>
        <Value text={text} />
      </li>
    ))}
  </ul>
);
