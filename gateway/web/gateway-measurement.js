// See docs/browser.md
(() => {
  const script = document.currentScript;
  if (!script) return;

  const { without = '', domains = '', search = 'q,s,search,query,keyword' } = script.dataset;
  const list = (words) => words.split(',').map((word) => word.trim()).filter(Boolean);
  const off = list(without), ours = list(domains), searchNames = list(search);
  const FILE = /\.(pdf|xlsx?|docx?|txt|rtf|csv|exe|key|pp(?:s|t|tx)|7z|pkg|rar|gz|zip|avi|mov|mp4|mpe?g|wmv|midi?|mp3|wav|wma)$/i;
  const PROGRESS = [10, 25, 50, 75];

  const on = (kind) => !off.includes(kind);
  const safely = (use) => (...given) => {
    try {
      return use(...given);
    } catch {}
  };
  const send = (name, fields) => window.gateway('event', name, fields);
  const listen = (name, use) =>
    document.addEventListener(name, safely(use), { capture: true, passive: true });
  const address = () => location.href.split('#')[0];
  const attribute = (element, name) => element.getAttribute(name) || undefined;
  const bare = (url) => url.split(/[?#]/)[0];

  // Links
  const base = (host) => host.replace(/^www\./, '');
  const isWithin = (host, domain) => host == domain || host.endsWith('.' + domain);

  function isOutbound(host) {
    const here = base(location.hostname), there = base(host);
    return !isWithin(there, here) && !isWithin(here, there) &&
      !ours.some((domain) => isWithin(there, domain));
  }

  function follow(event) {
    // The middle button follows links too, the right one does not
    if (event.button > 1) return;
    const target = event.composedPath()[0];
    const link = (target.nodeType == 1 ? target : target.parentElement)?.closest('a[href],area[href]');
    if (!link || !/^https?:$/.test(link.protocol)) return;
    const fields = {
      link_url: link.href,
      link_domain: link.hostname,
      link_id: attribute(link, 'id'),
      link_classes: attribute(link, 'class'),
    };
    const extension = FILE.exec(link.pathname)?.[1];
    if (extension && on('downloads')) {
      send('file_download', {
        ...fields,
        link_text: (link.textContent || '').trim().slice(0, 100) || undefined,
        file_name: link.pathname,
        file_extension: extension.toLowerCase(),
      });
    }
    if (isOutbound(link.hostname) && on('outbound')) send('click', { ...fields, outbound: true });
  }

  // Depth of the page
  let scrolled = '';

  function scroll({ target }) {
    const { scrollHeight } = document.documentElement;
    if (target != document || scrolled == address() || scrollY + innerHeight < scrollHeight * 0.9) return;
    scrolled = address();
    send('scroll', { percent_scrolled: 90 });
  }

  // Site search
  let searched = '';

  function lookForSearch() {
    const parameters = new URLSearchParams(location.search);
    const term = searchNames.map((name) => parameters.get(name)).find(Boolean);
    if (term && searched != address()) send('view_search_results', { search_term: term.slice(0, 100) });
    searched = address();
  }

  function lookAfterHistory() {
    // gateway.js sends its page view in a task of its own, and that comes first
    const moved = () => setTimeout(() => setTimeout(safely(lookForSearch)));
    const { pushState } = history;
    history.pushState = function (...state) {
      pushState.apply(this, state);
      moved();
    };
    addEventListener('popstate', moved);
  }

  // Videos
  const videos = new WeakMap();

  function watch({ type, target: video }) {
    if (video.nodeName != 'VIDEO') return;
    const { currentTime, duration, currentSrc } = video;
    // Live streams and decoration have no progress
    if (!(duration > 0) || duration == Infinity || (video.loop && video.muted)) return;
    if (type != 'ended' && video.paused) return;
    let seen = videos.get(video);
    if (seen?.source != currentSrc) videos.set(video, (seen = { source: currentSrc, sent: {} }));
    const report = (name, percent) => {
      if (seen.sent[name + percent]) return;
      seen.sent[name + percent] = true;
      const box = video.getBoundingClientRect();
      send('video_' + name, {
        video_current_time: Math.floor(currentTime),
        video_duration: Math.floor(duration),
        video_percent: percent,
        video_provider: 'html5',
        video_title: attribute(video, 'title') || attribute(video, 'aria-label'),
        video_url: /^https?:/.test(currentSrc) ? bare(currentSrc) : undefined,
        visible: box.bottom > 0 && box.top < innerHeight && document.visibilityState == 'visible',
      });
    };
    if (type != 'ended') report('start', 0);
    const percent = (currentTime / duration) * 100;
    PROGRESS.filter((step) => percent >= step).forEach((step) => report('progress', step));
    if (type == 'ended') report('complete', 100);
  }

  // Forms: which, never what is in them
  const started = new WeakSet();

  const formFields = (form) => ({
    form_id: attribute(form, 'id'),
    form_name: attribute(form, 'name'),
    form_destination: bare(new URL(attribute(form, 'action') || '', document.baseURI).href),
  });

  function begin({ target }) {
    const { form } = target;
    if (!form || started.has(form)) return;
    started.add(form);
    send('form_start', {
      ...formFields(form),
      first_field_id: attribute(target, 'id'),
      first_field_name: attribute(target, 'name'),
      first_field_type: attribute(target, 'type'),
      first_field_position: [...form.elements].indexOf(target) + 1,
    });
  }

  function submit({ target: form, submitter }) {
    send('form_submit', {
      ...formFields(form),
      form_submit_text: (submitter?.textContent || '').trim().slice(0, 100) || undefined,
    });
    started.delete(form);
  }

  const start = safely(() => {
    window.gateway = window.gateway || function () {
      (gateway.q = gateway.q || []).push(arguments);
    };
    if (window.gatewayMeasurement) return;
    window.gatewayMeasurement = true;
    if (on('outbound') || on('downloads')) ['click', 'auxclick'].forEach((name) => listen(name, follow));
    if (on('scroll')) listen('scroll', scroll);
    if (on('video')) ['play', 'timeupdate', 'ended'].forEach((name) => listen(name, watch));
    if (on('forms')) {
      listen('change', begin);
      listen('submit', submit);
    }
    if (on('search')) {
      lookAfterHistory();
      lookForSearch();
    }
  });

  // A prerendered page may never be seen
  if (document.prerendering) {
    document.addEventListener('prerenderingchange', start, { once: true });
  } else start();
})();
