// See docs/browser.md
(() => {
  const script = document.currentScript;
  const stub = window.gateway;
  if (!script || stub?.ready) return;

  const { pageView, layer, collect = new URL('/collect', script.src || location).href } =
    script.dataset;
  const COOKIE = 'gateway_client_id=', KEY = 'gateway:';
  const defaults = {}, updates = {}, fields = {};
  let queue = [], held = [], handed = [], tries = 0, last = 0;
  let consent, id, busy, timer, waiting, leaving, viewed = pageView == 'false';
  let referrer = document.referrer;

  const safely = (use) => (...given) => {
    try {
      return use(...given);
    } catch {}
  };
  const random = () => crypto.getRandomValues(new Uint32Array(1))[0];
  const hex = () => (random() & 15).toString(16);
  const may = (type) => consent?.[type] != 'denied';
  const mayKeep = () => may('analytics_storage') || may('ad_storage');

  const commands = {
    consent(action, state) {
      const update = action == 'update';
      for (const type in state) {
        const value = state[type];
        if (value != 'denied' && value != 'granted') continue;
        if (update) updates[type] = value;
        // A region is unknown here: only its denial counts
        else if (value == 'denied' || !(state.region || defaults[type])) defaults[type] = value;
      }
      consent = { ...defaults, ...updates };
      if (update) {
        if (may('analytics_storage')) clientId();
        else if (updates.analytics_storage) writeCookie((id = ''));
        if (mayKeep()) keep();
        else disk((store) => keys(store).forEach((key) => store.removeItem(key)));
        release();
      } else if (state.wait_for_update) {
        waiting = waiting || setTimeout(release, state.wait_for_update);
      }
    },
    set(name, value) {
      Object.assign(fields, typeof name == 'string' ? { [name]: value } : name);
    },
    get(name, callback) {
      callback(name == 'client_id' ? clientId() : fields[name]);
    },
    event(name, params) {
      if (typeof name != 'string') return;
      if (!viewed) view();
      if (waiting) return held.push(['event', name, params]);
      last = Math.max(Date.now(), last + 1);
      const event = {
        event_id: 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, hex),
        timestamp: last / 1e3,
        client_id: clientId(),
        page_location: location.href,
        page_referrer: referrer,
        page_title: document.title,
        language: navigator.language,
        screen_resolution: screen.width + 'x' + screen.height,
        viewport_size: innerWidth + 'x' + innerHeight,
        consent,
        ...fields,
        ...params,
        event_name: name,
      };
      const { email, ...user } = event.user_data || {};
      if (email) event.user_data = { email_address: email, ...user };
      add(KEY + last + ':' + event.event_id, JSON.stringify(event));
      if (tries) trim();
      if (mayKeep()) keep();
      if (leaving) beacon();
      else if (!timer) schedule(0);
    },
  };

  function view() {
    viewed = 1;
    commands.event('page_view');
  }

  function release() {
    clearTimeout(waiting);
    waiting = 0;
    held.splice(0).forEach(read);
  }

  const cookie = safely((name) => document.cookie.match('(?:^|; )' + name + '([^;]+)')?.[1]);

  function writeCookie(value) {
    const parts = location.hostname.split('.');
    const write = (text) => safely((part, i) => {
      const secure = location.protocol == 'https:' ? ';secure' : '';
      const domain = ';path=/;samesite=lax;domain=' + parts.slice(-1 - i).join('.');
      document.cookie = COOKIE + text + domain + secure;
      return cookie(COOKIE);
    });
    parts.forEach(write(';max-age=0'));
    // The widest domain allowed
    if (value) parts.some(write(value + ';max-age=34560000'));
  }

  function clientId() {
    if (!may('analytics_storage')) return;
    if (!id) {
      id = cookie(COOKIE) || cookie('_ga=GA1\\.\\d+\\.') ||
        random() + '.' + Math.floor(Date.now() / 1e3);
      writeCookie(id);
    }
    return id;
  }

  // The queue: in memory, and in localStorage by event
  const disk = safely((use) => use(localStorage));
  const keys = (store) => Object.keys(store).filter((key) => key.startsWith(KEY)).sort();
  const add = (key, body) => queue.push({ key, body });
  const keep = () => disk((store) => queue.forEach(({ key, body }) => store.setItem(key, body)));
  const text = (entries) => '[' + entries.map((entry) => entry.body) + ']';
  const size = (entries) => new Blob([text(entries)]).size;

  function forget(entries) {
    queue = queue.filter((entry) => !entries.includes(entry));
    disk((store) => entries.forEach((entry) => store.removeItem(entry.key)));
  }

  function trim() {
    while (queue[50] || size(queue) > 1e5) forget([queue[0]]);
  }

  // keepalive takes 64 KiB
  function batch(entries) {
    let bytes = 0;
    return entries.filter((entry, i) => (bytes += size([entry])) < 6e4 || !i);
  }

  function schedule(delay) {
    clearTimeout(timer);
    timer = !busy && queue[0] && setTimeout(flush, delay);
  }

  async function flush() {
    const sending = batch(queue), body = text(sending), keepalive = size(sending) < 6e4;
    let delay = 1;
    timer = 0;
    if (!queue[0]) return;
    busy = 1;
    handed = keepalive && 'keepalive' in Request.prototype ? sending : [];
    try {
      const { status, headers } = await fetch(collect, {
        method: 'POST', body, keepalive, credentials: 'include',
      });
      const again = status > 499 || status == 429 || status == 408;
      delay = again && (headers.get('retry-after') * 1e3 || 1);
    } catch {}
    busy = 0;
    if (delay) {
      delay = Math.max(delay, Math.min(2 ** tries++ * 1e3, 3e5) * (1 - Math.random() / 2));
      // Leaving the page fails like this too
      setTimeout(() => (handed = []), 99);
      trim();
    } else {
      tries = 0;
      forget(sending);
    }
    schedule(Math.min(delay, 36e5));
  }

  function beacon() {
    const rest = batch(queue.filter((entry) => !handed.includes(entry)));
    handed = handed.concat(rest);
    if (rest[0] && navigator.sendBeacon(collect, text(rest))) beacon();
  }

  // From gateway(), gtag() or for GTM
  const read = safely((item) => {
    if (item[0]) return commands[item[0]](item[1], item[2]);
    const { event, ecommerce, 'gtm.uniqueEventId': gtm, ...params } = item;
    if (!/^gtm\./.test(event)) commands.event(event, { ...params, ...ecommerce });
  });

  safely(() => {
    const data = layer == 'false' ? [] : (window.dataLayer = window.dataLayer || []);
    const early = [...data, ...(stub?.q || [])];
    const { push } = data;
    data.push = (...items) => {
      const result = push.apply(data, items);
      items.forEach(read);
      return result;
    };
    window.gateway = (...command) => read(command);
    gateway.ready = true;
    gateway.q = { push: read };

    disk((store) =>
      keys(store).forEach((key) => {
        if (Date.now() - key.split(':')[1] < 6048e5) add(key, store[key]);
        else store.removeItem(key);
      })
    );
    trim();
    early.filter((item) => item?.[0] == 'consent' && item[1] == 'default').forEach(read);
    early.forEach(read);
    if (!viewed) view();
    schedule(0);

    addEventListener('online', () => schedule(0));
    addEventListener('pageshow', () => {
      if (leaving) schedule((leaving = 0));
    });
    addEventListener('pagehide', safely(() => {
      leaving = 1;
      release();
      beacon();
    }));
    if (pageView == 'history') {
      const { pushState } = history;
      const address = () => location.href.split('#')[0];
      let page = address();
      const moved = () => setTimeout(() => {
        if (page == address()) return;
        referrer = page;
        page = address();
        safely(view)();
      });
      history.pushState = function (...state) {
        pushState.apply(this, state);
        moved();
      };
      addEventListener('popstate', moved);
    }
  })();
})();
