// The last saves as bars, and two of them compared.

import { html, useRef } from "./vendor.js";
import { state, change, key, dir, chosen, compared } from "./store.js";
import { at, span, saved, took, look } from "./words.js";
import { mark, rows } from "./timeline.js";

export function Saves() {
  const { cycles, now } = state;
  const bars = useRef();
  if (cycles.length < 2) return null;
  const here = chosen();
  const other = compared();
  const times = cycles.map((c) => took(c, now));
  const sorted = [...times].sort((a, b) => a - b);
  const full = Math.max(sorted[Math.floor(sorted.length * 0.95)] || 0, 1);
  const choose = (c, beside) => change(beside && c !== here ? { other: key(c) === state.other ? "" : key(c) } : { save: c === cycles[cycles.length - 1] ? "" : key(c) });
  const move = (e) => {
    const step = { __proto__: null, ArrowLeft: -1, ArrowRight: 1, Home: -cycles.length, End: cycles.length }[e.key];
    if (!step) return;
    e.preventDefault();
    const next = Math.max(0, Math.min(cycles.length - 1, cycles.indexOf(here) + step));
    choose(cycles[next]);
    bars.current.children[next].focus();
  };
  return html`<section class="card" aria-labelledby="saves">
    <h2 id="saves">Last ${cycles.length} saves <small class="keys">arrows choose, shift-click compares</small></h2>
    <div class="bars" ref=${bars} role="group" aria-labelledby="saves" onKeyDown=${move}>
      ${cycles.map((c, i) => {
        const result = c.end ? c.result : "running";
        const { shape, tone } = look(result);
        const said = `save ${c.id}, ${saved(c, dir())}, ${result}${c.failed ? ` in ${c.failed}` : ""}, ${span(times[i])}, ${at(c.time)}`;
        return html`<button key=${key(c)} class="save ${tone}${c === other ? " other" : ""}" tabindex=${c === here ? 0 : -1} aria-pressed=${c === here} aria-label=${said} title=${said} onClick=${(e) => choose(c, e.shiftKey)}>
          ${tone !== "good" && html`<span class="mark" aria-hidden="true">${shape}</span>`}<span class="column" style=${{ height: `${Math.max(5, Math.min(100, (times[i] / full) * 100))}%` }}></span>
        </button>`;
      })}
    </div>
    <p class="compare"><label for="compare">Compare save ${here.id} with</label>
      <select id="compare" value=${state.other} onChange=${(e) => change({ other: e.currentTarget.value })}>
        <option value="">no other</option>
        ${cycles.filter((c) => c !== here).reverse().map((c) => html`<option key=${key(c)} value=${key(c)}>${`save ${c.id} · ${at(c.time)} · ${saved(c, dir())}`}</option>`)}
      </select></p>
    ${other && other !== here && html`<${Comparison} one=${other} two=${here} now=${now} />`}
  </section>`;
}

// Comparison has a row for each step of either save.
function Comparison({ one, two, now }) {
  const times = (c) => {
    const sum = new Map();
    for (const r of rows(c, took(c, now))) {
      const name = r.name.replace(/ (re)?starts$/, " until ready");
      sum.set(name, { time: (sum.get(name)?.time || 0) + r.end - r.begin, result: r.result });
    }
    return sum.set("all", { time: took(c, now), result: c.end ? c.result : "running" });
  };
  const [a, b] = [times(one), times(two)];
  const names = [...new Set([...b.keys(), ...a.keys()])].filter((n) => n !== "all").concat("all");
  const longest = Math.max(...[...a.values(), ...b.values()].map((v) => v.time), 1);
  const cell = (v, tone) => html`<td class="bar pair"><span class="amount">${v ? span(v.time) : "–"} ${mark(v?.result)}</span>
    <div class="track">${v && html`<span class="fill ${tone}" style=${{ left: "0%", width: `${(v.time / longest) * 100}%` }}></span>`}</div></td>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Two saves compared"><table class="comparison">
    <caption class="unseen">Save ${one.id} and save ${two.id}, step by step</caption>
    <thead><tr><th scope="col">step</th><th scope="col">save ${one.id}</th><th scope="col">save ${two.id}</th><th scope="col" class="figure">difference</th></tr></thead>
    <tbody>${names.map((n) => html`<tr key=${n} class=${n === "all" ? "total" : ""}><th scope="row">${n}</th>${cell(a.get(n), "one")}${cell(b.get(n), "two")}<td class="figure">${difference(a.get(n), b.get(n))}</td></tr>`)}</tbody>
  </table></div>`;
}

function difference(a, b) {
  if (!a || !b) return html`<span class="quiet">${a ? "not run" : "new"}</span>`;
  const d = b.time - a.time;
  if (Math.abs(d) < Math.max(5e6, a.time * 0.03)) return html`<span class="quiet">the same</span>`;
  return html`<span class=${d > 0 ? "warn" : "good"}>${d > 0 ? "+" : "−"}${span(Math.abs(d))}</span>`;
}
