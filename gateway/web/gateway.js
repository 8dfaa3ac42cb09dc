// See docs/browser.md
(() => {
  const script = document.currentScript;
  if (!script) return;

  const { src, transport } = script;
  const {
    pageView, layer, consentEvent, collect = new URL(src ? 'collect' : '/collect', src || location).href,
  } = script.dataset;
  // Those of gateway-token.js add a token, and hand nothing over before there is one
  const { fetch, navigator } = transport || window;
  const CLIENT = 'gateway_client_id=', SESSION = 'gateway_session=', KEY = 'gateway:';
  const MAX_BYTES = 6e4, TIMEOUT = 1e4, CLAIM = 6e4, WEEK = 6048e5;
  const defaults = {}, updates = {}, fields = {};
  let queue = [], held = [], handed = [], unsure = [], tries = 0, last = 0;
  let id, visit = '', domain, engaged = 0, engagedSince = -1;
  let busy, timer, waiting, leaving, stopped, viewed = pageView == 'false';
  let referrer;

  const safely = (use) => (...given) => {
    try {
      return use(...given);
    } catch {}
  };
  const random = () => crypto.getRandomValues(new Uint32Array(1))[0];
  // Never stored
  const token = crypto.getRandomValues(new Uint32Array(5)).join('-');
  const hex = () => (random() & 15).toString(16);
  const may = (type) => (updates[type] || defaults[type]) != 'denied';
  const stated = (states) => (Object.keys(states)[0] ? states : undefined);
  const mayKeep = () => may('analytics_storage') || may('ad_storage');

  const commands = {
    consent(action, state) {
      const update = action == 'update', before = last && !waiting && json(updates);
      for (const type in state) {
        const value = state[type];
        if (value != 'denied' && value != 'granted') continue;
        if (update) updates[type] = value;
        // Its region is unknown: only a denial counts
        else if (value == 'denied' || !(state.region || defaults[type])) defaults[type] = value;
      }
      if (update) {
        if (may('analytics_storage')) clientId();
        else if (updates.analytics_storage) forgetVisitor();
        if (!mayKeep()) clearDisk();
        else for (const entry of queue) {
          if (!entry.kept) keep([entry], handed.includes(entry) ? busy : '');
        }
        release();
        if (consentEvent && before && before != json(updates)) commands.event(consentEvent);
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
      if (typeof name != 'string' || stopped) return;
      if (!viewed) view();
      last = Math.max(Date.now(), last + 1);
      const page = {
        timestamp: last / 1e3,
        page_location: location.href,
        page_referrer: referrer,
        page_title: document.title,
      };
      if (waiting) return held.push(['event', name, { ...page, ...fields, ...params }]);
      const event = {
        event_id: 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, hex),
        client_id: clientId(),
        ...session(),
        ...page,
        language: navigator.language,
        screen_resolution: screen.width + 'x' + screen.height,
        viewport_size: innerWidth + 'x' + innerHeight,
        consent: stated(updates),
        consent_default: stated(defaults),
        ...fields,
        ...params,
        event_name: name,
      };
      const { email, ...user } = event.user_data || {};
      if (email) event.user_data = { email_address: email, ...user };
      const entry = { key: KEY + last + ':' + event.event_id, body: json(event) };
      queue.push(entry);
      // This page is about to send it
      keep([entry], tries ? '' : Date.now());
      if (tries) trim();
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

  // Without what JSON cannot express, and without halves of surrogate pairs
  function json(event) {
    const write = safely((value) => {
      const path = [];
      return JSON.stringify(value, function (_, part) {
        while (path[0] && path[path.length - 1] != this) path.pop();
        if (typeof part == 'bigint' || path.includes(part)) return;
        if (!part || typeof part != 'object') return part;
        if (part.nodeType || part.window == part) return;
        path.push(part);
        return part;
      })?.replace(/\\(ud[89a-f]..|.)/g, (escape, code) => (code[1] ? '\\ufffd' : escape));
    });
    const pairs = Object.keys(event).map((name) => [write(name), write(event[name])]);
    return '{' + pairs.filter(([, value]) => value).map((pair) => pair.join(':')) + '}';
  }

  // The visitor
  const cookie = safely((name) => document.cookie.match('(?:^|; )' + name + '([^;]+)')?.[1]);

  const writeCookie = safely((name, value, host) => {
    const age = value ? 34560000 : 0, secure = location.protocol == 'https:' ? ';secure' : '';
    document.cookie =
      name + value + ';max-age=' + age + ';path=/;samesite=lax;domain=' + host + secure;
    return cookie(name);
  });

  function setCookie(name, value) {
    if (value && domain) return writeCookie(name, value, domain);
    const parts = location.hostname.split('.');
    const hosts = parts.map((_, i) => parts.slice(-1 - i).join('.'));
    hosts.forEach((host) => writeCookie(name, '', host));
    // The widest domain allowed
    if (value) domain = hosts.find((host) => writeCookie(name, value, host));
  }

  function forgetVisitor() {
    setCookie(CLIENT, (id = ''));
    setCookie(SESSION, (visit = ''));
  }

  function clientId() {
    if (!may('analytics_storage')) return;
    if (!id) {
      id = cookie(CLIENT) || cookie('_ga=GA1\\.\\d+\\.') ||
        random() + '.' + Math.floor(Date.now() / 1e3);
      setCookie(CLIENT, id);
    }
    return id;
  }

  // Start, number and latest event of the session, and milliseconds of engagement not yet sent
  const readVisit = () => (cookie(SESSION) || visit).split('.').map(Number);
  function writeVisit(...parts) {
    visit = parts.join('.');
    setCookie(SESSION, visit);
  }

  // Servers that write the cookie again may have encoded its dollar signs
  const googleSession = () => cookie('_ga_\\w+=GS\\d\\.\\d+\\.')?.replace(/%24/g, '$')
    .match(/^s?(\d+)(?:\.|.*?\$o)(\d+)/);

  function session() {
    countEngagement();
    let milliseconds = Math.round(engaged), state = {};
    engaged = 0;
    if (may('analytics_storage')) {
      const google = googleSession(), now = Math.floor(last / 1e3);
      let [start, number, latest, left] = readVisit();
      if (google) [, start, number] = google;
      else if (start && now - latest < 1800) milliseconds += left || 0;
      else {
        start = now;
        number = number + 1 || 1;
        state = { ss: '1', ...(number == 1 && { fv: '1', nsi: '1' }) };
      }
      if (!google) writeVisit(start, number, now);
      state = {
        ga_session_id: '' + start,
        ga_session_number: +number,
        'x-ga-system_properties': stated(state),
      };
    }
    return { ...state, engagement_time_msec: milliseconds || undefined };
  }

  function countEngagement() {
    const now = performance.now();
    if (engagedSince >= 0) engaged += now - engagedSince;
    engagedSince = document.visibilityState == 'visible' && document.hasFocus() ? now : -1;
  }

  // What no event has reported goes to the site's next page
  function leaveEngagement() {
    countEngagement();
    const [start, number, latest, left = 0] = readVisit();
    if (!start || engaged < 1 || googleSession() || !may('analytics_storage')) return;
    writeVisit(start, number, latest, left + Math.round(engaged));
    engaged = 0;
  }

  // The queue. In storage, the time when a page took an event precedes it, with a ! once that page
  // has ended
  const disk = safely((use) => use(localStorage));
  const keys = (store) => Object.keys(store).filter((key) => key.startsWith(KEY)).sort();
  const age = (time) => Date.now() - parseFloat(time);
  const text = (entries) =>
    '{"page_token":"' + token + '","sent_at":' + Date.now() +
    ',"events":[' + entries.map((entry) => entry.body) + ']}';
  const size = (entries) => new Blob([text(entries)]).size;

  function keep(entries, taken = '', ended = '') {
    if (!mayKeep()) return;
    disk((store) =>
      entries.forEach((entry) => {
        store.setItem(entry.key, taken + ended + entry.body);
        Object.assign(entry, { taken, kept: true });
      })
    );
  }

  // What a page took long ago and did not give back was delivered
  function load() {
    unsure = [];
    disk((store) =>
      keys(store).forEach((key) => {
        const stored = store[key], taken = age(stored);
        const entry = { key, body: stored.slice(stored.indexOf('{')), kept: true };
        if (taken > CLAIM || !(age(key.split(':')[1]) < WEEK)) store.removeItem(key);
        else if (!queue.some((known) => known.key == key)) (taken >= 0 ? unsure : queue).push(entry);
      })
    );
  }

  // Those that no other page has taken. What is gone from storage was delivered by another page
  function free() {
    const taken = (entry) => {
      const stored = entry.kept && disk((store) => store[entry.key] || '0');
      return parseFloat(stored) === entry.taken ? NaN : age(stored);
    };
    queue = queue.filter((entry) => !(taken(entry) > CLAIM));
    return queue.filter((entry) => !(taken(entry) < CLAIM));
  }

  function forget(entries) {
    queue = queue.filter((entry) => !entries.includes(entry));
    disk((store) => entries.forEach((entry) => store.removeItem(entry.key)));
  }

  function clearDisk() {
    disk((store) => keys(store).forEach((key) => store.removeItem(key)));
    queue.forEach((entry) => (entry.kept = false));
  }

  function trim() {
    while (queue[50] || size(queue) > 1e5) forget([queue[0]]);
  }

  // keepalive takes 64 KiB
  function batch(entries) {
    let bytes = 0;
    return entries.filter((entry, i) => (bytes += size([entry])) < MAX_BYTES || !i);
  }

  function schedule(delay) {
    clearTimeout(timer);
    timer = !busy && queue[0] && setTimeout(flush, delay);
  }

  // Sending
  async function post(body, keepalive) {
    const controller = new AbortController();
    const limit = setTimeout(() => controller.abort(), TIMEOUT);
    try {
      const response = await fetch(collect, {
        method: 'POST', body, keepalive, credentials: 'include', signal: controller.signal,
      });
      const { status, headers } = response;
      // Cut short, an answer does not say which events it refuses
      const words = status > 299 && (await response.text());
      const report = safely(JSON.parse)(words) || {};
      return { status, report, retryAfter: headers.get('retry-after') * 1e3 };
    } catch {
      // Leaving the page fails like this too
      await new Promise((resume) => setTimeout(resume, 99));
      return !leaving && { report: {} };
    } finally {
      clearTimeout(limit);
    }
  }

  async function flush() {
    timer = 0;
    const sending = batch(free()), keepalive = size(sending) < MAX_BYTES;
    if (!sending[0]) return schedule(5e3);
    busy = Date.now();
    handed = keepalive && !transport && 'keepalive' in Request.prototype ? sending : [];
    keep(sending, busy);
    const answer = await post(text(sending), keepalive);
    // What the page left behind is decided like what another page left
    if (!answer && isWell()) queue = queue.filter((entry) => !handed.includes(entry));
    busy = 0;
    handed = [];
    if (answer) settle(sending, answer);
  }

  function settle(sending, { status, report, retryAfter }) {
    const again = !status || status > 499 || status == 429 || status == 408;
    const named = [report.refused, report.events].flat().map((each) => sending[each?.index]);
    const isNamed = (entry) => named.includes(entry);
    // Firefox takes a moment to count the bytes of a keepalive request as sent
    let done = again ? [] : sending, delay = 99;
    // Named are those that a 4xx refuses, and those that another answer wants again
    if (status > 299 && sending.some(isNamed)) {
      done = sending.filter((entry) => isNamed(entry) != again);
    }
    if (status == 403 && report.reason == 'origin') {
      stopped = true;
      done = queue;
      console.error('gateway.js has stopped: ' + report.error);
    }
    forget(done);
    if (again) {
      const backoff = Math.min(2 ** tries++ * 1e3, 3e5) * (1 - Math.random() / 2);
      delay = Math.max(retryAfter || 1, backoff);
      unsure = unsure.filter((entry) => disk((store) => store[entry.key]));
      queue = [...unsure, ...queue];
    } else {
      tries = 0;
      // A page that is still open sends what it took
      forget(unsure.filter((entry) => disk((store) => /^\d+!/.test(store[entry.key]))));
    }
    keep([...unsure, ...sending].filter((entry) => queue.includes(entry)));
    unsure = [];
    if (again) {
      keep(free());
      trim();
    }
    schedule(Math.min(delay, 36e5));
  }

  // Whether what the browser takes from a page that ends can be trusted to arrive
  const isWell = () => !tries && navigator.onLine && !(busy && age(busy) > 5e3);
  const notHanded = () => free().filter((entry) => !handed.includes(entry));

  function beacon() {
    const rest = batch(notHanded());
    if (!rest[0]) return;
    // What the browser does not take is for the next page
    if (!navigator.sendBeacon(collect, text(rest))) return keep(notHanded());
    if (isWell()) {
      keep(rest, Date.now(), '!');
      queue = queue.filter((entry) => !rest.includes(entry));
    } else handed = handed.concat(rest);
    beacon();
  }

  function leave() {
    release();
    leaveEngagement();
    leaving = true;
    beacon();
    // For the next page
    keep(isWell() ? notHanded() : free());
    if (isWell()) keep(handed, Date.now(), '!');
  }

  function comeBack({ persisted }) {
    if (!leaving) return;
    leaving = false;
    if (!busy) handed = [];
    countEngagement();
    load();
    if (persisted && pageView != 'false') view();
    schedule(0);
  }

  // From gateway(), gtag() or for GTM
  const read = safely((item) => {
    if (item[0]) return commands[item[0]](item[1], item[2]);
    const { event, ecommerce, 'gtm.uniqueEventId': gtm, ...params } = item;
    if (!/^gtm\./.test(event)) commands.event(event, { ...params, ...ecommerce });
  });

  function viewOnHistoryChange() {
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

  const start = safely(() => {
    const stub = window.gateway;
    if (stub?.ready) return;
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

    referrer = document.referrer;
    load();
    early.filter((item) => item?.[0] == 'consent' && item[1] == 'default').forEach(read);
    early.forEach(read);
    if (!viewed) view();
    countEngagement();
    schedule(0);

    addEventListener('online', () => schedule(0));
    addEventListener('pagehide', safely(leave));
    addEventListener('pageshow', safely(comeBack));
    addEventListener('focus', countEngagement);
    addEventListener('blur', countEngagement);
    document.addEventListener('visibilitychange', countEngagement);
    if (pageView == 'history') viewOnHistoryChange();
  });

  // A prerendered page may never be seen
  if (document.prerendering) {
    document.addEventListener('prerenderingchange', start, { once: true });
  } else start();
})();
