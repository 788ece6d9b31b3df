// What the saves of some time come to: which one broke something, what is flaky, what the day's waiting was.

import { html } from "./vendor.js";
import { state, change, key, dir } from "./store.js";
import { at, span, many, relative } from "./words.js";

export function History() {
  const { summary } = state;
  if (!summary) return null;
  const { broke = [], flaky = [] } = summary;
  return html`<section class="card history" aria-labelledby="history">
    <h2 id="history">History</h2>
    ${broke.length > 0 && html`<h3>Which save broke it</h3><ul>${broke.map((b) => html`<li key=${b.node + b.stage}>
      <span class="bad">✗</span> <b>${b.node}${b.stage ? ` › ${b.stage}` : ""}</b> fails since ${b.cycle ? html`<${Save} of=${b} /> at ` : ""}${at(b.since)}${b.cycle ? "" : ", without a save"}${b.paths?.length > 0 && html`: <span class="mono">${b.paths.slice(0, 3).map((p) => relative(p, dir())).join(", ")}</span>${b.paths.length - 3 + (b.more || 0) > 0 ? ` and ${b.paths.length - 3 + (b.more || 0)} more` : ""}`}
    </li>`)}</ul>`}
    <h3>Flaky</h3>
    ${flaky.length === 0 && html`<p class="quiet">No stage came to another result with the same files.</p>`}
    ${flaky.length > 0 && html`<ul>${flaky.map((f) => html`<li key=${f.node + f.stage}>
      <span class="warn">!</span> <b>${f.node} › ${f.stage}</b>: ${f.differed} of ${many(f.runs, "run")} differed with the same files ${f.cycles?.length > 0 && html`<span class="quiet">(save ${f.cycles.slice(-5).join(", ")})</span>`}
    </li>`)}</ul>`}
    ${summary.saves_today > 0 && html`<h3>Today</h3><p>${many(summary.saves_today, "save")}, waited ${span(summary.waited_today)} in all, ${span(summary.median)} at the median.</p>`}
  </section>`;
}

function Save({ of }) {
  const cycle = state.cycles.findLast((c) => c.id === of.cycle && (!of.boot || c.boot === of.boot));
  if (!cycle) return `save ${of.cycle}`;
  return html`<button class="link" onClick=${() => change({ save: key(cycle) })}>save ${of.cycle}</button>`;
}
