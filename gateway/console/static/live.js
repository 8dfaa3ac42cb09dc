// The live page: keeps the list short, and lets it stand still while it goes on out of sight.
"use strict";

(() => {
  const MOST = 200;
  const list = document.getElementById("live");
  const state = document.getElementById("live-state");
  const button = document.getElementById("live-pause");
  let still = null;
  let missed = 0;

  const say = (words) => { state.textContent = words; };

  new MutationObserver((changes) => {
    const added = changes.reduce((sum, { addedNodes }) =>
      sum + [...addedNodes].filter((node) => node.nodeName === "LI").length, 0);
    if (!added) return;
    document.getElementById("live-empty")?.remove();
    while (list.children.length > MOST) list.lastElementChild.remove();
    if (still) {
      missed += added;
      say(`Paused. ${missed} new since then.`);
    }
  }).observe(list, { childList: true });

  button.hidden = false;
  button.addEventListener("click", () => {
    if (still) {
      still.remove();
      list.hidden = false;
      still = null;
      button.textContent = "Pause";
      say("Live.");
    } else {
      still = list.cloneNode(true);
      for (const { name } of [...still.attributes]) if (name !== "class") still.removeAttribute(name);
      list.before(still);
      list.hidden = true;
      missed = 0;
      button.textContent = "Resume";
      say("Paused.");
    }
    button.setAttribute("aria-pressed", String(Boolean(still)));
  });

  document.addEventListener("htmx:sse:after:connection", () => { if (!still) say("Live."); });
  document.addEventListener("htmx:sse:error", () => { if (!still) say("The connection was lost. It is tried again."); });
})();
