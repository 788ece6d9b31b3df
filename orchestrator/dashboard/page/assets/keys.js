// The keys, which are those of the terminal, and their help.

import { html, useRef, useState } from "./vendor.js";
import { state, change, show, act } from "./store.js";
import { runAll, runFailed, showHelp } from "./header.js";
import { editors, editor } from "./problems.js";

const help = [
  ["a", "run all watchers"],
  ["f", "run what failed"],
  ["r", "restart the node whose output is shown, or run it again"],
  ["s", "stop that node, or start it"],
  ["1 – 9, 0", "the output of one node, of all"],
  ["/", "search the output; Esc ends it"],
  ["g, G", "to the beginning of the output; to its end, and follow"],
  ["n, N", "the next problem, the one before"],
  ["← →", "among the saves: the one before, the next"],
  ["?", "these keys"],
];

function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing.
  }
}

const typing = (e) => e.target.closest?.("input, select, textarea, dialog");

function node() {
  return state.status.nodes.find((n) => n.name === state.node);
}

// problem moves the focus among the problems.
function problem(step) {
  const places = [...document.querySelectorAll(".problems .place")];
  if (!places.length) return;
  const here = places.indexOf(document.activeElement);
  places[(here + step + places.length + (here < 0 && step < 0 ? 1 : 0)) % places.length].focus();
}

const actions = {
  a: () => runAll(),
  f: () => runFailed(),
  r: () => (node() ? act(node().kind === "watcher" ? "trigger" : "restart", node().name) : act("restart", ...state.status.nodes.filter((n) => n.kind === "process").map((n) => n.name))),
  s: () => node() && act(node().state === "stopped" ? "start" : "stop", node().name),
  "/": () => document.getElementById("find").focus(),
  g: () => document.getElementById("lines").scrollTo(0, 0),
  G: () => document.getElementById("lines").scrollTo(0, 1e9),
  n: () => problem(1),
  N: () => problem(-1),
  "?": showHelp,
  0: () => show(""),
};

export function listen() {
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || !state.status || typing(e)) return;
    if (stored("keys") === "off" && e.key !== "?") return;
    const digit = /^[1-9]$/.test(e.key) && state.status.nodes[e.key - 1];
    const action = digit ? () => show(digit.name) : Object.hasOwn(actions, e.key) && actions[e.key];
    if (!action) return;
    e.preventDefault();
    action();
  });
}

export function Help() {
  const dialog = useRef();
  const [, again] = useState(0);
  const keep = (name, value) => {
    store(name, value);
    again((n) => n + 1);
    change({});
  };
  return html`<dialog id="help" ref=${dialog} aria-labelledby="keys" onClick=${(e) => e.target === dialog.current && dialog.current.close()}>
    <div class="sheet">
    <h2 id="keys">Keys</h2>
    <table class="keys"><thead class="unseen"><tr><th scope="col">key</th><th scope="col">what it does</th></tr></thead>
      <tbody>${help.map(([key, what]) => html`<tr key=${key}><th scope="row">${key.split(", ").map((k, i) => html`${i > 0 && " "}<kbd>${k}</kbd>`)}</th><td>${what}</td></tr>`)}</tbody></table>
    <p><label><input type="checkbox" checked=${stored("keys") !== "off"} onChange=${(e) => keep("keys", e.currentTarget.checked ? "on" : "off")} /> single keys act</label></p>
    <p><label for="editor">A place in a file: </label><select id="editor" value=${editor()} onChange=${(e) => keep("editor", e.currentTarget.value)}>
      ${Object.entries(editors).map(([name, [text]]) => html`<option key=${name} value=${name}>${name ? `open it in ${text}` : text}</option>`)}</select></p>
    <p class="quiet"><a href="/assets/licences.txt" target="_blank" rel="noopener">Licences</a> of preact and htm, of which this page is made.</p>
    <button onClick=${() => dialog.current.close()}>Close</button>
    </div>
  </dialog>`;
}
