/** The script of the live list of requests: it fetches the newest rows every two seconds until the person pauses it. */
export const LIVE_SCRIPT = `
const status = document.getElementById('live');
const rows = document.getElementById('requests');
const address = status && status.dataset.live;
if (address && rows && !new URLSearchParams(location.search).has('page')) {
  const LIVE = 'Live: new requests appear by themselves.';
  let [isPaused, isLoading, shown] = [false, false, ''];
  const text = document.createElement('span');
  const button = document.createElement('button');
  text.setAttribute('role', 'status');
  button.type = 'button';
  button.className = 'second';
  status.append(text, ' ', button);
  const say = (message) => {
    const said = isPaused ? 'Paused.' : message;
    if (text.textContent !== said) text.textContent = said;
    button.textContent = isPaused ? 'Resume' : 'Pause';
  };
  const put = (html) => {
    if (html === shown) return;
    const focused = rows.contains(document.activeElement) ? document.activeElement : undefined;
    const [href, row] = [focused?.getAttribute('href'), focused?.closest('tr').sectionRowIndex];
    rows.innerHTML = shown = html;
    // A person with a keyboard stays where they are.
    const same = [...rows.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
    if (focused) (same ?? rows.rows[row]?.querySelector('a'))?.focus({ preventScroll: true });
  };
  const look = async () => {
    if (isPaused || isLoading || document.hidden) return;
    isLoading = true;
    try {
      const answer = await fetch(address, { redirect: 'manual' });
      if (answer.type === 'opaqueredirect') return say('You are signed out. Load the page again.');
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (!isPaused) put(html);
      say(LIVE);
    } catch {
      say('The console does not answer. It is asked again.');
    } finally {
      isLoading = false;
    }
  };
  button.addEventListener('click', () => {
    isPaused = !isPaused;
    say(LIVE);
    look();
  });
  document.addEventListener('visibilitychange', look);
  setInterval(look, 2000);
  say(LIVE);
}
`;
