/** The form of the values that Okta has about LeaseHawk. It never shows a client secret. Pure. */
import type { SsoConnection } from '../../../proto/gen/userstore/v1/sso_connection_service.js';
import { type Html, html } from '../html.js';

/** The fields of the form, by their names. */
export type ConnectionField = 'issuer' | 'client_id' | 'client_secret';

/** The values that were entered, and their fault. */
export interface ConnectionForm {
  issuer?: string;
  clientId?: string;
  error?: string;
  /** The field at fault; undefined: none in particular. */
  field?: ConnectionField | undefined;
}

/** The values of the form. */
interface FormValues extends ConnectionForm {
  /** CSRF token. */
  token: string;
  domains: readonly string[];
  connection: SsoConnection | undefined;
  support: Html;
}

/** Renders the form; without e-mail domains, the way to get them. */
export function connectionForm(values: FormValues): Html {
  const { token, domains, connection, support, error, field } = values;
  if (domains.length === 0) {
    return html`<p class="note">LeaseHawk does not know the domains of your people's e-mail addresses yet. Tell them to ${support},
who then sends you another link.</p>`;
  }
  const input = (name: ConnectionField, label: string, value: string | undefined, attributes: Html) => {
    // The focus also scrolls to the form, which is far down the page.
    const isAtFault = error !== undefined && (field ?? 'issuer') === name;
    const described = isAtFault ? html` aria-invalid="true" aria-describedby="connection-error" autofocus` : undefined;
    return html`<label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${value}" autocomplete="off" autocapitalize="none" spellcheck="false"${attributes}${described}>`;
  };
  const isNew = connection === undefined;
  const secret = html` type="password" maxlength="1000"${isNew ? html` required` : undefined}`;
  return html`<h3 id="connect">Connect LeaseHawk to your Okta</h3>
<p>For people with e-mail addresses of ${domains.map((domain, index) => html`${index === 0 ? '' : ', '}<code>${domain}</code>`)}.
LeaseHawk keeps the client secret encrypted and shows it nowhere.</p>
<form method="post" action="/setup/connection">
${error === undefined ? undefined : html`<p class="error" id="connection-error" role="alert">${error}</p>`}
${input('issuer', 'Issuer: your Okta domain, https://…', values.issuer ?? connection?.issuer, html` type="url" required maxlength="500"`)}
${input('client_id', 'Client ID', values.clientId ?? connection?.clientId, html` required maxlength="255"`)}
${input('client_secret', isNew ? 'Client secret' : 'Client secret (empty: LeaseHawk keeps the one that it has)', undefined, secret)}
<input type="hidden" name="token" value="${token}">
<button>${isNew ? 'Connect' : 'Change the connection'}</button>
</form>`;
}
