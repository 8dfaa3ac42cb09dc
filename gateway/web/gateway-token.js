// See docs/browser.md
(() => {
  const script = document.currentScript;
  if (!script || window.gateway?.ready) return;

  const base = script.src || location.href;
  const collect = new URL(script.dataset.collect || new URL('collect', base), location).href;
  const source = new URL(collect);
  source.pathname = source.pathname.replace(/\/?$/, '/token');
  let token = '', expires = 0, due = 0, asked, timer;

  const isValid = () => Date.now() < expires;
  const renew = () => (asked = asked || ask().finally(() => (asked = 0)));
  const renewIfDue = () => document.hidden || Date.now() < due || renew();

  function keep(text, seconds) {
    token = text;
    due = Date.now() + seconds * 750;
    expires = Date.now() + seconds * 1e3;
    schedule(seconds * 750);
  }

  function schedule(delay) {
    clearTimeout(timer);
    timer = setTimeout(renewIfDue, delay);
  }

  // Whether there is a new token
  async function ask() {
    const controller = new AbortController();
    const limit = setTimeout(() => controller.abort(), 1e4);
    try {
      const answer = await fetch(source, { method: 'POST', signal: controller.signal });
      const { token, expires_in } = await answer.json();
      const isNew = answer.ok && expires_in > 0;
      if (isNew) keep(token, expires_in);
      return isNew;
    } catch {
      return false;
    } finally {
      clearTimeout(limit);
      if (token && Date.now() >= due) schedule(3e4);
    }
  }

  // gateway.js sends one JSON object
  const signed = (body) =>
    token ? '{"submission_token":"' + token + '",' + body.slice(1) : body;

  // Without a token, the source decides: it may need none
  async function send(url, init) {
    const hasToken = isValid() || (await renew());
    const answer = await fetch(url, { ...init, body: signed(init.body) });
    if (answer.ok && !hasToken) keep('', 600);
    if (answer.status == 403) {
      // Fails if the answer was cut short, as when the page is left: it may be this reason
      if (/"submission_token"/.test(await answer.clone().text())) {
        expires = 0;
        // gateway.js repeats what failed, and drops what was answered 403
        throw Error('submission_token');
      }
    }
    return answer;
  }

  // The events stay in the queue if it returns false
  const sendBeacon = (url, body) => isValid() && navigator.sendBeacon(url, signed(body));

  const next = document.createElement('script');
  Object.assign(next.dataset, script.dataset, { collect });
  next.nonce = script.nonce;
  next.src = new URL('gateway.js', base);
  next.transport = {
    fetch: send,
    navigator: new Proxy(navigator, {
      get: (own, name) => (name == 'sendBeacon' ? sendBeacon : own[name]),
    }),
  };
  document.head.append(next);
  document.addEventListener('visibilitychange', renewIfDue);
  renew();
})();
