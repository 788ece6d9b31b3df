// The sockets that the loop holds, and who waits at them.

import { html } from "./vendor.js";
import { state } from "./store.js";
import { at, span, many } from "./words.js";

export function Sockets() {
  const { sockets } = state.status;
  if (!sockets?.length) return null;
  return html`<section class="card" aria-labelledby="sockets">
    <h2 id="sockets">Sockets</h2>
    <div class="scroll">
    <table>
      <thead><tr><th scope="col">socket</th><th scope="col">address</th><th scope="col">for</th><th scope="col">now</th></tr></thead>
      <tbody>${sockets.map((s) => html`<${Socket} key=${s.name} s=${s} />`)}</tbody>
    </table></div>
    ${sockets.some((s) => s.requests?.length) && html`<${Requests} sockets=${sockets} />`}
  </section>`;
}

function Socket({ s }) {
  const waits = s.waiting > 0;
  return html`<tr>
    <th scope="row">${s.name}</th>
    <td>${/^https?:\/\//.test(s.address) ? html`<a href=${s.address} target="_blank" rel="noopener noreferrer">${s.address.replace(/^https?:\/\//, "")}</a>` : s.address}</td>
    <td class="quiet">${s.nodes.join(", ")}</td>
    <td class=${waits ? "warn" : ""}>${s.waiting == null ? "" : waits ? `◐ ${s.waiting} waiting${s.limit ? ` of ${s.limit}` : ""}` : "0 waiting"}${s.in_flight != null ? ` · ${s.in_flight} in flight` : ""}
      ${s.cut > 0 && html`<span class="note">the last restart cut off ${many(s.cut, "request")}</span>`}</td>
  </tr>`;
}

function Requests({ sockets }) {
  const { now } = state;
  const all = sockets.flatMap((s) => (s.requests || []).map((r) => ({ ...r, socket: s.name })));
  return html`<h3 id="requests">Requests that wait</h3>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="requests">
    <table class="requests">
      <thead><tr><th scope="col">request</th><th scope="col">for</th><th scope="col">since</th><th scope="col" class="figure">waits</th></tr></thead>
      <tbody>${all.map((r, i) => html`<tr key=${i}>
        <td class="mono"><b>${r.method}</b> ${r.path}</td><td>${r.node || r.socket}</td><td class="quiet">${at(r.since)}</td><td class="figure warn">${span(Math.max(0, now - Date.parse(r.since)) * 1e6)}</td>
      </tr>`)}</tbody>
    </table></div>`;
}
