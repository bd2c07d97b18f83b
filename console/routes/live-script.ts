/** The script of the live list of requests: it fetches the newest rows every two seconds until the person pauses it. */
export const LIVE_SCRIPT = `
const status = document.getElementById('live');
const rows = document.getElementById('requests');
const address = status && status.dataset.live;
if (address && rows && !new URLSearchParams(location.search).has('page')) {
  let timer;
  const text = document.createElement('span');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'second';
  status.append(text, ' ', button);
  const show = (isLive, problem) => {
    text.textContent = problem || (isLive ? 'Live: new requests appear by themselves.' : 'Paused.');
    button.textContent = isLive ? 'Pause' : 'Resume';
  };
  const load = async () => {
    try {
      const answer = await fetch(address, { headers: { accept: 'text/html' }, redirect: 'error' });
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (timer !== undefined && html !== rows.dataset.html) {
        rows.innerHTML = html;
        rows.dataset.html = html;
      }
      if (timer !== undefined) show(true);
    } catch {
      if (timer !== undefined) show(true, 'The console does not answer. It is asked again.');
    }
    if (timer !== undefined) timer = setTimeout(load, 2000);
  };
  const start = () => { timer = setTimeout(load, 2000); show(true); };
  const stop = () => { clearTimeout(timer); timer = undefined; show(false); };
  button.addEventListener('click', () => (timer === undefined ? start() : stop()));
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : start()));
  start();
}
`;
