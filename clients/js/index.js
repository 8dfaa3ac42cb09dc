import { runGateway } from './core.js';

const isBrowser = typeof window != 'undefined' && typeof document != 'undefined';

function call(...command) {
  if (!isBrowser) return;
  window.gateway = window.gateway || function () {
    (window.gateway.q = window.gateway.q || []).push(arguments);
  };
  window.gateway(...command);
}

export function start({ collect, pageView, layer, consentEvent, transport }) {
  if (!isBrowser) return;
  const text = (value) => (value === undefined ? undefined : String(value));
  runGateway({
    dataset: {
      collect: new URL(collect, location.href).href,
      pageView: text(pageView),
      layer: text(layer),
      consentEvent,
    },
    transport,
  });
}

export const event = (name, fields) => call('event', name, fields);
export const set = (fields) => call('set', fields);
export const consent = (action, types) => call('consent', action, types);
export const get = (name, callback) => call('get', name, callback);
