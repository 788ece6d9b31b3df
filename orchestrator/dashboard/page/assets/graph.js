// The graph of the project, as the loop lays it out, with the state of its nodes and the way of the save that is looked at.
// Boxes are buttons; the lines between them are a picture, and the table of the nodes says the same.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor.js";
import { state, show, chosen } from "./store.js";
import { nodeLook, seconds } from "./words.js";

const roomy = 1.45; // the loop's rows are for one line of text, and a box has two
const dense = 0.82; // but for one in a graph that would not fit on a screen
const least = 1.12; // and letters here may be wider than the loop takes them to be
const most = 1.6;

// reached are the nodes that a save has come to, each with how that went.
function reached(cycle) {
  const nodes = new Map();
  for (const run of cycle?.runs || []) nodes.set(run.node, run.end ? run.result : "running");
  for (const p of cycle?.processes || []) nodes.set(p.node, p.result || "running");
  return nodes;
}

export function Graph() {
  const { layout, status, now, node } = state;
  const frame = useRef();
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    if (!frame.current) return;
    const seeing = new ResizeObserver(() => setRoom(frame.current.clientWidth - 8));
    seeing.observe(frame.current);
    return () => seeing.disconnect();
  }, [Boolean(layout)]);
  const first = node || status.nodes.find((n) => ["bad", "busy"].includes(nodeLook(n).tone))?.name;
  useEffect(() => {
    const box = frame.current?.querySelector(node ? ".at" : ".bad, .busy");
    // In a narrow window, and in a large graph, it may be out of sight.
    if (box) frame.current.scrollTo(box.offsetLeft + (box.offsetWidth - frame.current.clientWidth) / 2, box.offsetTop + (box.offsetHeight - frame.current.clientHeight) / 2);
  }, [first]);
  if (!layout || layout.nodes.length < 2) return null;
  const tall = layout.height * roomy > 640 ? dense : roomy;
  const wide = Math.min(most, Math.max(least, room / layout.width));
  const cycle = chosen();
  const way = reached(cycle);
  const nodes = new Map(status.nodes.map((n) => [n.name, n]));
  const left = (v) => Math.round(v * wide);
  const top = (v) => Math.round(v * tall);
  const box = (n) => ({ left: `${left(n.x)}px`, top: `${top(n.y)}px`, width: `${left(n.width)}px`, height: `${top(n.height)}px` });
  return html`<section class="card graph" aria-labelledby="graph">
    <h2 id="graph">Graph <small>${cycle ? `the way of save ${cycle.id} is drawn strong` : ""}</small></h2>
    <div class="frame" ref=${frame}>
      <div class="canvas${tall === dense ? " dense" : ""}" style=${{ width: `${left(layout.width)}px`, height: `${top(layout.height)}px` }}>
        <svg aria-hidden="true" width=${left(layout.width)} height=${top(layout.height)}>
          ${layout.edges.map((e) => html`<path key=${e.from + " " + e.to} class=${edge(e, way, nodes)} d=${curve(e.points.map(([x, y]) => [left(x), top(y)]))} />`)}
        </svg>
        ${layout.nodes.map((n) => nodes.has(n.name) && html`<${Box} key=${n.name} of=${nodes.get(n.name)} style=${box(n)} on=${way.has(n.name)} at=${node === n.name} now=${now} />`)}
        ${layout.sockets.map((s) => html`<${Outlet} key=${"socket " + s.name} of=${s} style=${box(s)} />`)}
      </div>
    </div>
  </section>`;
}

function edge(e, way, nodes) {
  const to = e.kind === "socket" ? e.from : e.to;
  const flows = way.has(e.from) && way.has(to);
  const moving = flows && e.kind !== "socket" && ["running", "starting", "stopping"].includes(nodes.get(e.to)?.state);
  return `edge ${e.kind === "depends_on" ? "needs" : e.kind}${flows ? " flows" : ""}${moving ? " moving" : ""}`;
}

// curve leads through the points, level at each of them.
function curve(points) {
  return points.map(([x, y], i) => {
    if (i === 0) return `M${x} ${y}`;
    const [px, py] = points[i - 1];
    const middle = (px + x) / 2;
    return `C${middle} ${py} ${middle} ${y} ${x} ${y}`;
  }).join("");
}

function Box({ of, style, on, at, now }) {
  const { shape, tone, word } = nodeLook(of);
  const part = progress(of, now);
  return html`<button class="node ${of.kind} ${tone}${on ? " on" : ""}${at ? " at" : ""}" style=${style} aria-pressed=${at} onClick=${() => show(at ? "" : of.name)} title="${of.name}: ${word}. Shows its output">
    <span class="name">${of.name}</span>
    <span class="state"><span aria-hidden="true">${shape}</span> ${word}${since(of, now)}</span>
    ${part >= 0 && html`<span class="part" style=${{ width: `${part}%` }}></span>`}
  </button>`;
}

function since(node, now) {
  const stage = node.stages?.[0];
  const from = stage ? stage.since : node.state === "starting" ? node.since : "";
  return from ? " " + seconds(now - Date.parse(from)) : "";
}

// progress is how much of the usual time has passed, in per cent; -1 where nothing runs or nothing is known.
export function progress(node, now) {
  const stage = node.stages?.find((s) => s.usual);
  if (stage) {
    const plan = (node.plan || []).filter((p) => p.usual);
    const all = plan.reduce((sum, p) => sum + p.usual, 0) || stage.usual;
    const done = plan.filter((p) => p.run === node.number && p.state === "passed").reduce((sum, p) => sum + p.usual, 0);
    return Math.min(99, ((done + Math.min(stage.usual, (now - Date.parse(stage.since)) * 1e6)) / all) * 100);
  }
  if (node.state === "starting" && node.usual) return Math.min(99, (((now - Date.parse(node.since)) * 1e6) / node.usual) * 100);
  return -1;
}

function Outlet({ of, style }) {
  const socket = state.status.sockets.find((s) => s.name === of.name);
  const waiting = socket?.waiting > 0;
  return html`<div class="node socket${waiting ? " warn" : ""}" style=${style}>
    <span class="name">${of.name}</span>
    <span class="state">${waiting ? `${socket.waiting} waiting` : socket?.in_flight > 0 ? `${socket.in_flight} in flight` : (of.address || "").replace(/^https?:\/\//, "").replace(/^(127\.0\.0\.1|localhost)(?=:)/, "")}</span>
  </div>`;
}

