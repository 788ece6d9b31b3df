// The table of the nodes.

import { html } from "./vendor.js";
import { state, act, show } from "./store.js";
import { nodeLook, at, span, ending, median } from "./words.js";
import { progress } from "./graph.js";

const live = new Set(["ready", "starting", "running", "unready", "stopping", "cancelling"]);

// starts are how long a process took to be ready, the last times.
function starts(node) {
  return state.cycles.flatMap((c) => c.processes || []).filter((p) => p.node === node.name && p.start && p.ready > p.start).map((p) => p.ready - p.start).slice(-5);
}

// last is how long the last run took, or the last start.
function last(node) {
  if (node.kind === "process") return node.state === "ready" && starts(node).length ? span(starts(node).pop()) : "";
  const stages = (node.plan || []).filter((s) => s.run === node.number && s.since && s.took);
  if (!stages.length || node.state === "running") return "";
  const begin = Math.min(...stages.map((s) => Date.parse(s.since)));
  const end = Math.max(...stages.map((s) => Date.parse(s.since) + s.took / 1e6));
  return span((end - begin) * 1e6);
}

// usual is how long it usually takes: the stages of a group run side by side.
function usual(node) {
  if (node.kind === "process") return node.usual || starts(node).length > 2 ? span(node.usual || median(starts(node))) : "";
  const groups = new Map();
  for (const s of node.plan || []) if (s.usual) groups.set(s.group, Math.max(groups.get(s.group) || 0, s.usual));
  return groups.size ? span([...groups.values()].reduce((a, b) => a + b)) : "";
}

// note is what the columns do not show.
function note(n) {
  if (n.state === "backing off") {
    return [n.end && ending(n.end), n.crashes > 1 && `${n.crashes} crashes in a row`, n.waits?.until && `next try at ${at(n.waits.until)}`].filter(Boolean).join(" · ");
  }
  if (n.waits) return `waits: ${n.waits.text}`;
  if (n.candidate) return `generation ${n.candidate.number} is ${n.candidate.state}${n.candidate.reason ? `: ${n.candidate.reason}` : ""}`;
  if (n.state === "ready" && n.failed) return n.reason ? `the new version failed: ${n.reason}` : "the new version failed";
  if (n.reason) return n.reason;
  if (n.end) return ending(n.end);
  return "";
}

export function Nodes() {
  const { status, node, now } = state;
  return html`<section class="card" aria-labelledby="nodes">
    <h2 id="nodes">Nodes</h2>
    <div class="scroll">
    <table class="nodes">
      <thead><tr>
        <th scope="col">node</th><th scope="col">state</th><th scope="col" class="more">since</th><th scope="col" class="figure">last</th><th scope="col" class="figure more">usual</th>
        <th scope="col" class="figure more">run</th><th scope="col" class="figure more">pid</th><th scope="col"><span class="unseen">actions</span></th>
      </tr></thead>
      <tbody>${status.nodes.map((n) => html`<${Row} key=${n.name} n=${n} at=${node === n.name} now=${now} />`)}</tbody>
    </table></div>
  </section>`;
}

function Row({ n, at: here, now }) {
  const { shape, tone, word } = nodeLook(n);
  const said = [note(n), n.built_from > 0 && tone === "warn" && `built from save ${n.built_from}`].filter(Boolean).join(" · ");
  const part = progress(n, now);
  const verb = n.kind === "watcher" ? "trigger" : "restart";
  const stopped = !live.has(n.state) && (n.kind === "process" ? n.state !== "backing off" : n.state === "stopped");
  return html`<tr class=${here ? "at" : ""}>
    <th scope="row"><button class="name" aria-pressed=${here} title="Show the output of ${n.name}" onClick=${() => show(here ? "" : n.name)}>${n.name}</button></th>
    <td class=${tone}><span class="state"><span aria-hidden="true">${shape}</span> ${word}</span>${part >= 0 && html`<progress class="thin" max="100" value=${part} aria-label="of its usual time"></progress>`}</td>
    <td class="more quiet">${n.since ? at(n.since) : "–"}</td>
    <td class="figure">${last(n) || html`<span class="quiet">–</span>`}</td>
    <td class="figure more quiet">${usual(n) || "–"}</td>
    <td class="figure more quiet">${n.number ? (n.kind === "process" ? `gen ${n.number}` : n.number) : "–"}</td>
    <td class="figure more quiet">${n.pids?.join(" ") || "–"}</td>
    <td class="acts">
      ${stopped && n.state === "stopped"
        ? html`<button class="small" title="Start ${n.name}" onClick=${() => act("start", n.name)}><span aria-hidden="true">▶</span><span class="unseen">Start ${n.name}</span></button>`
        : html`<button class="small" title="${n.kind === "watcher" ? "Run all stages of" : "Restart"} ${n.name}" onClick=${() => act(verb, n.name)}><span aria-hidden="true">↻</span><span class="unseen">${n.kind === "watcher" ? "Run" : "Restart"} ${n.name}</span></button>`}
      ${n.state !== "stopped" && html`<button class="small" title="Stop ${n.name}, and keep it stopped" onClick=${() => act("stop", n.name)}><span aria-hidden="true">■</span><span class="unseen">Stop ${n.name}</span></button>`}
    </td>
  </tr>
  ${said && html`<tr class="remark${here ? " at" : ""}"><td colspan="8"><span class="unseen">${n.name}: </span>${said}</td></tr>`}`;
}
