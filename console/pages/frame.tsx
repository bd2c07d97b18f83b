/** The frame of every page: the document, the navigation, and the person who is signed in. */
import type { ComponentChildren, JSX } from 'preact';
import type { Session } from '../staff/sessions.js';
import { shortened } from './text.js';

/** Characters of a name in the path. */
const MAX_CRUMB = 60;

/** The parts of a page. */
export interface PageProps {
  title: string;
  /** Undefined: the browser is not signed in, and the page has no navigation. */
  session: Session | undefined;
  /** The text in the search field. */
  search?: string;
  /** The address of a script of the console, for the live list of requests. */
  script?: string;
  children: ComponentChildren;
}

/** Marks of direction, with which a name would turn the rest of the title round. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The whole document around the content of a page. */
export function Page({ title, session, search, script, children }: PageProps): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title.replace(DIRECTION, '')} – LeaseHawk console`}</title>
        <link rel="icon" href="/mark.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        {script && <script src={script} defer />}
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        {session && <Header session={session} search={search} />}
        <main id="content">{children}</main>
      </body>
    </html>
  );
}

function Header({ session, search }: { session: Session; search: string | undefined }) {
  const { staff } = session;
  return (
    <header>
      <a class="brand" href="/">
        <img src="/mark.svg" alt="" width="24" height="24" />
        LeaseHawk console
      </a>
      <search>
        <form action="/search">
          <input
            name="q"
            type="search"
            aria-label="E-mail address, name, organization, domain, id, last four of a token, or reference"
            placeholder="Name or e-mail"
            value={search}
            maxLength={256}
          />
          <button type="submit">Search</button>
        </form>
      </search>
      <nav aria-label="Console">
        <a href="/organizations">Organizations</a>
        <a href="/requests">Requests</a>
        <a href="/webhooks">Webhooks</a>
        <a href="/staff-log">Staff log</a>
      </nav>
      <span class="who">
        <bdi>{staff.name}</bdi>, {staff.role}
      </span>
      <PostForm session={session} action="/sign-out" className="plain">
        <button type="submit" class="second">
          Sign out
        </button>
      </PostForm>
    </header>
  );
}

/** A form that changes something: it carries the secret of the session. */
export const PostForm = ({
  session,
  action,
  className = 'act',
  children,
}: {
  session: Session;
  action: string;
  className?: string;
  children: ComponentChildren;
}): JSX.Element => (
  <form method="post" action={action} class={className}>
    <input type="hidden" name="form_token" value={session.formToken} />
    {children}
  </form>
);

/** The path from the start to the page. */
export const Crumbs = ({ steps }: { steps: [href: string, text: string][] }): JSX.Element => (
  <nav class="crumbs" aria-label="Path">
    {steps.map(([href, text], index) => (
      <>
        {index > 0 && ' / '}
        <a href={href}>
          <bdi>{shortened(text, MAX_CRUMB)}</bdi>
        </a>
      </>
    ))}
  </nav>
);

/** A message of one paragraph. */
export const Message = ({ title, children }: { title: string; children: ComponentChildren }): JSX.Element => (
  <div class="narrow">
    <h1>{title}</h1>
    {children}
  </div>
);
