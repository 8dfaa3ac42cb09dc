// Draws each <figure data-chart> with uPlot, from the numbers that its table shows too.
"use strict";

(() => {
  const toneOf = (style, tone) => style.getPropertyValue(`--tone-${tone}`).trim();

  const inWords = (options) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
    return (seconds) => format.format(seconds * 1000);
  };
  const hour = inWords({ hour: "2-digit", minute: "2-digit" });
  const day = inWords({ day: "numeric", month: "short" });

  const once = (labels) => labels.map((label, n) => (label === labels[n - 1] ? "" : label));

  function draw(figure) {
    const { at, lines } = JSON.parse(figure.dataset.chart);
    const style = getComputedStyle(figure);
    const axis = {
      stroke: style.getPropertyValue("--muted").trim(),
      grid: { stroke: style.getPropertyValue("--line").trim(), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    figure.querySelector(".uplot")?.remove();
    const place = document.createElement("div");
    place.setAttribute("aria-hidden", "true"); // the table says the same
    place.className = "uplot-place";
    figure.querySelector(".uplot-place")?.remove();
    figure.insertBefore(place, figure.querySelector("details"));
    const options = {
      width: Math.max(200, figure.clientWidth),
      height: Number(figure.dataset.height),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.05, 1)] } },
      axes: [{ ...axis, values: (_, seconds) => once(seconds.map(at.at(-1) - at[0] > 2 * 86400 ? day : hour)) }, { ...axis, size: 56 }],
      series: [
        {},
        ...lines.map(({ tone }) => ({
          stroke: toneOf(style, tone),
          fill: lines.length === 1 ? `color-mix(in srgb, ${toneOf(style, tone)} 15%, transparent)` : undefined,
          width: 2,
          points: { show: false },
        })),
      ],
    };
    new uPlot(options, [at, ...lines.map(({ values }) => values)], place);
  }

  const drawAll = () => document.querySelectorAll("figure[data-chart]").forEach(draw);

  drawAll();
  document.addEventListener("htmx:after:swap", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 100);
  });
})();
