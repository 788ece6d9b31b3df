// One save as a time line: from the file to the new version. It is a table, and the bars stand in one of its columns.

import { html } from "./vendor.js";
import { state, dir, chosen } from "./store.js";
import { at, span, saved, took, look } from "./words.js";

// rows are the parts of a cycle in the order in which they began. Times are nanoseconds from its first moment.
export function rows(cycle, length) {
  const zero = cycle.first;
  const till = (end) => (end ? end - zero : length);
  const list = [];
  if (cycle.settled > zero) list.push({ name: "saved → settled", begin: 0, end: cycle.settled - zero, tone: "quiet", result: "" });
  for (const run of cycle.runs || []) {
    for (const s of run.stages || []) {
      if (!s.start) list.push({ name: `${run.node} › ${s.stage}`, node: run.node, begin: run.start - zero, end: run.start - zero, result: s.result, tone: "quiet", skipped: true });
      else list.push({ name: `${run.node} › ${s.stage}`, node: run.node, begin: s.start - zero, end: till(s.end), saved: s.reuse?.saved, result: s.end ? s.result : "running", tone: look(s.end ? s.result : "running").tone });
    }
  }
  for (const p of cycle.processes || []) {
    if (p.start || p.ready) {
      const begin = p.start || p.stop || p.reload;
      const result = p.ready ? "ready" : p.result || (cycle.end ? "" : "starting");
      list.push({ name: `${p.node} ${p.stop ? "restarts" : "starts"}`, node: p.node, begin: Math.min(p.stop || begin, begin) - zero, end: p.ready ? p.ready - zero : length, result, tone: p.ready ? "good" : look(result).tone, swap: true });
    } else if (p.reload) {
      list.push({ name: `${p.node} reloads`, node: p.node, begin: p.reload - zero, end: till(p.ready), result: p.result, tone: "good", swap: true });
    } else if (p.stop) {
      list.push({ name: `${p.node} stops`, node: p.node, begin: p.stop - zero, end: till(p.stopped), result: p.result, tone: "quiet" });
    }
  }
  return list.sort((a, b) => a.begin - b.begin || a.end - b.end);
}

// handover is when the old version of what people see answered last, and when the new one began to; both nanoseconds from
// the first moment, 0 for what did not come.
function handover(cycle, sockets) {
  const faces = new Set(sockets.flatMap((s) => s.nodes));
  let stop = 0;
  let ready = 0;
  for (const p of cycle.processes || []) {
    if (!faces.has(p.node)) continue;
    const old = p.stop && (!p.ready || p.stop < p.ready) ? p.stop : p.ready; // start-first stops the old one when the new one is ready
    if (old && (!stop || old < stop)) stop = old;
    if (p.ready > ready) ready = p.ready;
  }
  return { stop: stop && stop - cycle.first, ready: ready && ready - cycle.first };
}

// ticks are round times, four to seven of them.
function ticks(length) {
  const s = length / 1e9;
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((v) => s / v <= 7) || s / 5;
  const list = [];
  for (let v = 0; v <= s + step / 1e6; v += step) list.push(v);
  return list.map((v) => ({ at: v * 1e9, text: step < 1 ? `${+v.toFixed(2)} s` : v < 60 ? `${v} s` : `${+(v / 60).toFixed(1)} m` }));
}

// mark is a result as a shape.
export const mark = (result) => result && html`<span class=${look(result).tone} title=${result}><span aria-hidden="true">${look(result).shape}</span><span class="unseen">${result}</span></span>`;

const percent = (part, length) => `${Math.min(100, Math.max(0, (part / length) * 100))}%`;

export function TimeLine() {
  const cycle = chosen();
  if (!cycle) return null;
  const { now, status } = state;
  const length = Math.max(took(cycle, now), 1e6);
  const list = rows(cycle, length);
  const { stop, ready } = cycle.boot === status.boot && cycle.cause !== "start" ? handover(cycle, status.sockets) : { stop: 0, ready: 0 };
  const faces = cycle.cause === "start" ? [] : [...new Set(status.sockets.flatMap((s) => s.nodes))].filter((n) => !stop || cycle.processes?.some((p) => p.node === n));
  const scale = ticks(length);
  const result = cycle.end ? cycle.result : "running";
  const seen = look(result);
  return html`<section class="card" aria-labelledby="line">
    <h2 id="line">Save ${cycle.id} <small>${saved(cycle, dir())} · ${at(cycle.time)} · <span class=${seen.tone}>${seen.shape} ${result}${cycle.failed ? `: ${cycle.failed}` : ""}</span> · ${span(length)}</small></h2>
    ${!list.length && html`<p class="quiet">${cycle.end ? "It led to no run and no restart." : "Nothing runs yet."}</p>`}
    ${list.length > 0 && html`<div class="chart">
      <table>
        <colgroup><col class="names" /><col /><col class="amounts" /></colgroup>
        <thead class="unseen"><tr><th scope="col">step</th><th scope="col">when</th><th scope="col">how long</th></tr></thead>
        <tbody>
          ${list.map((r) => html`<tr key=${r.name + r.begin}>
            <th scope="row" title=${r.name}>${r.name}</th>
            <td class="bar"><div class="track"><span class="fill ${r.tone}${r.swap ? " swap" : ""}${r.result === "running" || r.result === "starting" ? " open" : ""}" style=${{ left: percent(r.begin, length), width: percent(r.end - r.begin, length) }}></span></div><span class="unseen">from ${span(r.begin)}</span></td>
            <td class="figure">${r.skipped ? "" : span(r.end - r.begin)} ${r.saved > 0 && html`<span class="quiet">saved ${span(r.saved)}</span> `}${mark(r.result)}</td>
          </tr>`)}
          ${faces.map((n) => html`<${Answers} key=${n} node=${n} cycle=${cycle} length=${length} />`)}
        </tbody>
      </table>
      <div class="scale" aria-hidden="true"><div class="track">
        ${scale.map((t) => html`<span key=${t.text} class="tick" style=${{ left: percent(t.at, length) }}>${t.text}</span>`)}
        ${stop > 0 && html`<span class="until" style=${{ left: percent(stop, length) }}></span>`}
      </div></div>
    </div>`}
    ${list.length > 0 && cycle.cause !== "start" && cycle.boot === status.boot && html`<p class="caption">${told(stop, ready, cycle)}</p>`}
  </section>`;
}

// Answers is who answered the people at the sockets of a process: the old version, nobody, the new one.
function Answers({ node, cycle, length }) {
  const { stop, ready } = handover({ ...cycle, processes: cycle.processes?.filter((p) => p.node === node) }, [{ nodes: [node] }]);
  const until = stop || length;
  return html`<tr class="answers">
    <th scope="row" title="who answers for ${node}">${node} answers</th>
    <td class="bar"><div class="track">
      <span class="fill old" style=${{ left: "0%", width: percent(until, length) }}><span>old</span></span>
      ${stop > 0 && (ready || length) > stop && html`<span class="fill waits" style=${{ left: percent(stop, length), width: percent((ready || length) - stop, length) }}></span>`}
      ${ready > 0 && html`<span class="fill new" style=${{ left: percent(ready, length), width: percent(Math.max(length - ready, length / 100), length) }}></span>`}
    </div><span class="unseen">the old version until ${span(until)}${ready ? `, the new one from ${span(ready)}` : ""}</span></td>
    <td class="figure quiet">${!stop ? "old" : (ready || length) - stop > 1e6 ? `${span((ready || length) - stop)} wait` : "no wait"}</td>
  </tr>`;
}

function told(stop, ready, cycle) {
  if (!stop) return cycle.end ? "The old version went on answering." : "The old version answers.";
  if (!ready) return `The old version answered until ${span(stop)}; requests have waited since.`;
  if (ready - stop < 1e6) return `The old version answered until ${span(stop)}, and the new one from then on: nobody waited.`;
  return `The old version answered until ${span(stop)}. Requests waited ${span(ready - stop)}. The new one has answered since ${span(ready)}.`;
}
