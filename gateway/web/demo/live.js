// The list of the last events, from the gateway's records of decisions and outcomes.
(() => {
  const EVERY = 700;
  const KEPT = 50;
  const OUTCOMES = {
    delivered: 'Delivered',
    retry: 'Not accepted yet, will be retried',
    rejected: 'Rejected permanently',
    expired: 'Expired before it could be sent',
  };

  const find = (id) => document.getElementById(id);
  const events = new Map();
  let last = '';
  let order = 0;
  let timer;

  // Everything that came from outside goes through textContent, never through HTML.
  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function pretty(body) {
    try {
      return JSON.stringify(typeof body === 'string' ? JSON.parse(body) : body, null, 2);
    } catch {
      return body;
    }
  }

  const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour12: false });
  const because = (words, reason) => (reason ? `${words}: ${reason}` : words);

  function eventOf({ event_id: id, event_name: name, at }) {
    if (!events.has(id)) {
      const root = element('li', 'event');
      const head = element('div', 'event-head');
      const time = element('time');
      const short = element('code', 'event-id', id.slice(0, 8));
      const consent = element('p', 'consent');
      const rows = element('div', 'rows');
      consent.hidden = true;
      short.title = id;
      head.append(element('strong', 'event-name', name), short, time);
      root.append(head, consent, rows);
      events.set(id, { id, at, order: order++, root, consent, rows, time, destinations: new Map() });
    }
    return events.get(id);
  }

  function destinationOf(event, name) {
    if (!event.destinations.has(name)) {
      const root = element('details', 'row');
      const summary = element('summary');
      const decision = element('span', 'pill');
      const outcome = element('span', 'outcome');
      const attempts = element('div', 'attempts');
      summary.append(element('span', 'destination', name), decision, outcome);
      root.append(summary, attempts);
      event.rows.append(root);
      event.destinations.set(name, {
        name, root, decision, outcome, attempts, verdict: null, seen: new Map(),
      });
    }
    return event.destinations.get(name);
  }

  function take(record) {
    const event = eventOf(record);
    if (record.kind === 'decision') {
      event.at = record.at;
      event.placeUnknown = record.consent?.place_unknown;
      event.consent.textContent = consentWords(record.consent);
      event.consent.hidden = !event.consent.textContent;
      const verdicts = Object.entries(record.destinations);
      for (const [name, verdict] of verdicts) {
        const destination = destinationOf(event, name);
        destination.verdict = verdict;
        show(destination);
      }
      if (!verdicts.length) {
        event.rows.replaceChildren(element('p', 'none', 'No destination is configured.'));
      }
    } else if (record.kind === 'outcome') {
      const destination = destinationOf(event, record.destination);
      destination.seen.set(`${record.attempt} ${record.at}`, record);
      show(destination);
    }
    event.time.textContent = clock(event.at);
    event.time.dateTime = new Date(event.at * 1000).toISOString();
  }

  function consentWords({ states = {}, defaults = [], place_unknown: why } = {}) {
    const named = (state) => Object.keys(states).filter((type) => states[type] === state).join(', ');
    const sentences = [
      ...['granted', 'denied'].filter(named).map((state) => `${named(state)} ${state}`),
      ...defaults.map((name) => `Decided by the ${name}`),
      ...(why && defaults.length ? [`The place is unknown: ${why}`] : []),
    ];
    return sentences.length ? `Consent: ${sentences.join('. ')}.` : '';
  }

  const isBuilt = ({ dry_run: dryRun, result }) => dryRun && result === 'delivered';
  const outcomeWords = (outcome) =>
    isBuilt(outcome)
      ? 'Dry run: built, not sent'
      : because(OUTCOMES[outcome.result] || outcome.result, outcome.reason);
  const latestFirst = (seen) => [...seen.values()].sort((a, b) => b.at - a.at);

  function state({ verdict, seen }) {
    const [outcome] = latestFirst(seen);
    if (outcome) return [isBuilt(outcome) ? 'dry' : outcome.result, outcomeWords(outcome)];
    if (verdict.decision === 'withheld') {
      return ['withheld', because('Not sent', verdict.reason)];
    }
    if (verdict.decision === 'held') return ['held', because('Held', verdict.reason)];
    return ['waiting', 'Waiting to be sent'];
  }

  function show(destination) {
    const [name, words] = state(destination);
    destination.root.dataset.state = name;
    destination.decision.textContent = destination.verdict?.decision || 'send';
    destination.outcome.textContent = words;
    const attempts = latestFirst(destination.seen).map(attemptOf);
    destination.attempts.replaceChildren(
      ...(attempts.length ? attempts : [element('p', 'none', noRequest(name, destination))]),
    );
  }

  const noRequest = (state, { name }) => ({
    withheld: `No request: the event was not stored for ${name}.`,
    held: 'No request yet: the event is stored, encrypted, until you answer the banner.',
  })[state] || 'No request yet: the event is stored and waits for a worker.';

  function attemptOf(record) {
    const { request, response } = record;
    const root = element('div', 'attempt');
    const title = `Attempt ${record.attempt}, ${clock(record.at)}. ${outcomeWords(record)}`;
    root.append(element('h4', '', title));
    if (request) {
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
      root.append(
        element('p', 'label', record.dry_run ? 'Request, not sent' : 'Request'),
        element('pre', 'line', `${request.method} ${request.url}\n${headers.join('\n')}`),
        element('pre', '', pretty(request.body)),
      );
    } else {
      root.append(element('p', 'none', 'No request could be built from this event.'));
    }
    if (response) {
      root.append(
        element('p', 'label', `Response: status ${response.status}`),
        element('pre', '', pretty(response.body) || '(empty)'),
      );
    } else if (request && !record.dry_run) {
      root.append(element('p', 'none', 'No response.'));
    }
    return root;
  }

  function arrange() {
    const newestFirst = [...events.values()].sort((a, b) => b.at - a.at || b.order - a.order);
    for (const event of newestFirst.splice(KEPT)) {
      event.root.remove();
      events.delete(event.id);
    }
    const list = find('events');
    newestFirst.forEach((event, place) => {
      if (list.children[place] !== event.root) {
        list.insertBefore(event.root, list.children[place] || null);
      }
    });
    find('empty').hidden = events.size > 0;
    if (newestFirst.length) showDefaults(newestFirst[0]);
  }

  // Shown by consent.js while the visitor has not answered.
  function showDefaults({ placeUnknown, destinations }) {
    const verdicts = [...destinations.values()].map(({ verdict }) => verdict);
    find('unsent').hidden = !verdicts.every((verdict) => ['withheld', 'held'].includes(verdict?.decision));
    find('place').textContent = placeUnknown
      ? `The gateway also applies its default for an unknown place because ${placeUnknown}. That ` +
        'is the strictest default in its configuration, unless consent.unknown_place says otherwise.'
      : '';
  }

  function notice(text) {
    find('notice').textContent = text;
    find('notice').hidden = !text;
    if (text) find('empty').hidden = true;
  }

  async function load() {
    const response = await fetch('/demo/events?after=' + encodeURIComponent(last));
    if (!response.ok) throw new Error(`it answers with status ${response.status}`);
    const answer = await response.json();
    answer.records.forEach(take);
    last = answer.last;
    arrange();
  }

  async function poll() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      await load();
      notice('');
    } catch (error) {
      const why = error instanceof TypeError ? 'it does not answer' : error.message;
      // A restarted gateway may renumber its records.
      last = '';
      notice(
        `The gateway is not reachable: ${why}. This browser stores your clicks and sends them when ` +
          'the gateway is back.',
      );
    }
    clearTimeout(timer);
    timer = setTimeout(poll, EVERY);
  }

  document.addEventListener('visibilitychange', poll);
  poll();
})();
