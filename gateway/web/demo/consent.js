// Runs before gateway.js: what the visitor allowed must be said before the first event. Until then
// everything is denied, which keeps gateway.js from storing anything.
window.gateway = window.gateway || function () {
  (gateway.q = gateway.q || []).push(arguments);
};

(() => {
  const SAVED = 'demo-consent';
  const find = (id) => document.getElementById(id);

  const state = ({ analytics, ads }) => ({
    analytics_storage: analytics ? 'granted' : 'denied',
    ad_storage: ads ? 'granted' : 'denied',
    ad_user_data: ads ? 'granted' : 'denied',
    ad_personalization: ads ? 'granted' : 'denied',
  });

  function saved() {
    try {
      return JSON.parse(localStorage.getItem(SAVED));
    } catch {
      return null;
    }
  }

  function choose(choice) {
    gateway('consent', 'update', state(choice));
    try {
      localStorage.setItem(SAVED, JSON.stringify(choice));
    } catch {
      // Asked again on the next page.
    }
    find('banner').hidden = find('undecided').hidden = true;
  }

  function open() {
    const choice = saved() || {};
    find('analytics').checked = Boolean(choice.analytics);
    find('ads').checked = Boolean(choice.ads);
    showChoices(false);
    find('banner').hidden = false;
  }

  function showChoices(shown) {
    find('choices').hidden = find('save').hidden = !shown;
    find('choose').hidden = shown;
  }

  gateway('consent', 'default', state({}));
  if (saved()) gateway('consent', 'update', state(saved()));

  document.addEventListener('DOMContentLoaded', () => {
    find('accept').onclick = () => choose({ analytics: true, ads: true });
    find('reject').onclick = () => choose({ analytics: false, ads: false });
    find('choose').onclick = () => showChoices(true);
    find('save').onclick = () =>
      choose({ analytics: find('analytics').checked, ads: find('ads').checked });
    find('reopen').onclick = open;
    find('undecided').hidden = Boolean(saved());
    if (!saved()) open();
  });
})();
