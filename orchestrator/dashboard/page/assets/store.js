// What the page knows of the loop, and how it comes to know it. Events say that something has changed; what it is now is
// asked for, at most five times a second. While nothing happens nothing is asked, and no timer runs.

import { Stream } from "./stream.js";
import { Lines } from "./lines.js";
import { tell } from "./words.js";

export const state = {
  link: "connecting", // "open", "lost", "closed" (the cookie is no longer good)
  offset: 0, // the loop's clock less this one's, in ms
  now: Date.now(), // by the loop's clock; it moves only while something runs
  status: null,
  cycles: [],
  layout: null,
  summary: null,
  diagnostics: { diagnostics: [], unplaced: [] },
  node: "", // whose output is shown; empty: of all
  save: "", // the chosen one, by key; empty: the newest
  other: "", // with which it is compared
  error: "", // why an action was refused
};

export const lines = new Lines();

let draw = () => {};
let drawn = 0;

// change changes the state, and has the page drawn in the next frame.
export function change(part) {
  Object.assign(state, part);
  drawn ||= requestAnimationFrame(() => {
    drawn = 0;
    draw();
  });
}

export const key = (cycle) => `${cycle.boot}.${cycle.id}`;
export const dir = () => (state.status?.config || "").replace(/[/\\][^/\\]*$/, "");
export const chosen = () => state.cycles.find((c) => key(c) === state.save) || state.cycles[state.cycles.length - 1];
export const compared = () => state.cycles.find((c) => key(c) === state.other);
export const clock = () => Date.now() + state.offset;

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (answer.status === 401) {
    stream.close();
    change({ link: "closed" });
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// act has the loop do something with a node, as `devloop VERB NODE` does.
export async function act(verb, ...nodes) {
  if (!nodes.length) return;
  const query = nodes.map((node) => "node=" + encodeURIComponent(node)).join("&");
  try {
    const answer = await fetch(`/v1/${verb}?${query}`, { method: "POST", headers: { Devloop: "1" } });
    const body = await answer.json();
    change({ error: answer.ok ? "" : [body.error, body.hint].filter(Boolean).join(" · ") });
  } catch (e) {
    change({ error: `${verb}: ${e.message}` });
  }
}

// once has no two of the same question under way, asks again if it was wanted meanwhile, and not more often than every
// so many ms.
function once(pause, ask) {
  let busy = false;
  let again = false;
  return async function wanted() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await ask();
    } catch {
      // The stream tells when the loop is gone.
    }
    setTimeout(() => {
      busy = false;
      if (again) {
        again = false;
        wanted();
      }
    }, pause);
  };
}

const same = { shape: "", problems: "" };

let heard = 0; // the number of the newest event of the stream

const kept = 50; // cycles
let whole = true; // what happened while there was no stream may be more than the last few

const refresh = once(200, async () => {
  const last = whole ? kept : 6;
  whole = false;
  const [status, cycles] = await Promise.all([get("/v1/status"), get(`/v1/cycles?last=${last}`)]);
  if (status.boot === state.status?.boot && status.seq < heard) status.live = state.status.live; // an event has overtaken it
  const known = new Map(state.cycles.map((c) => [key(c), c]));
  for (const c of cycles.cycles) known.set(key(c), c);
  change({ status, cycles: [...known.values()].slice(-kept), now: clock() });
  follow();
});

const summarise = once(1000, async () => change({ summary: await get("/summary") }));
const place = once(200, async () => change({ layout: await get("/layout") }));
const complain = once(200, async () => change({ diagnostics: await get("/v1/diagnostics") }));

// follow asks for what depends on the status, if that part of it has changed, and lets the clock run or rest.
function follow() {
  const { nodes, sockets, boot } = state.status;
  if (state.node && !nodes.some((n) => n.name === state.node)) show("");
  const shape = JSON.stringify([boot, nodes.map((n) => [n.name, n.after]), sockets.map((s) => [s.name, s.nodes])]);
  if (shape !== same.shape) {
    same.shape = shape;
    place();
    listen();
  }
  const problems = JSON.stringify(nodes.map((n) => [n.problems, n.plan?.map((p) => [p.run, p.state, p.problems])]));
  if (problems !== same.problems) {
    same.problems = problems;
    complain();
  }
  tick();
}

const moving = new Set(["running", "cancelling", "starting", "stopping", "backing off"]);

function busy() {
  const status = state.status;
  return Boolean(status) && state.link === "open" &&
    (status.live.state === "building" || status.nodes.some((n) => moving.has(n.state)) || status.sockets.some((s) => s.waiting > 0));
}

let timer = 0;

// tick is the only timer: once a second, while something runs and somebody can see it.
function tick() {
  const wanted = busy() && !document.hidden;
  if (wanted && !timer) {
    timer = setInterval(() => {
      change({ now: clock() });
      refresh();
    }, 1000);
  } else if (!wanted && timer) {
    clearInterval(timer);
    timer = 0;
  }
}

const stream = new Stream({
  opened() {
    lines.begin();
    whole = true;
    change({ link: "open" });
    refresh();
  },
  event(e) {
    state.offset = e.kind === "snapshot" || e.kind === "live" ? Date.parse(e.time) - Date.now() : state.offset;
    if (Math.abs(state.offset) < 2000) state.offset = 0; // the same machine, and the way
    heard = e.seq;
    if (e.status) {
      change({ status: e.status, link: "open", now: clock() });
      follow();
    } else if (e.live && state.status) {
      change({ status: { ...state.status, live: e.live } });
    }
    if (e.kind === "snapshot" || e.kind === "cycle") summarise();
    refresh();
  },
  line(l) {
    lines.add(l);
  },
  missed(it) {
    if (it.kind) refresh(); // events
    else lines.add(it);
  },
  lost() {
    clearInterval(timer);
    timer = 0;
    same.shape = same.problems = ""; // who comes back is asked for everything
    change({ link: "lost" });
    get("/v1/status").catch(() => {}); // 401 says that the cookie is not good
  },
});

let asked = null;

// listen has the stream send the lines that are to be shown.
function listen() {
  const nodes = state.node ? [state.node] : state.status.nodes.map((n) => n.name);
  const query = nodes.map((n) => "node=" + encodeURIComponent(n)).join("&") + "&tail=" + (state.node ? 1000 : 200);
  if (query === asked) return;
  asked = query;
  lines.clear();
  stream.ask(query);
}

// show has the output of a node shown, or of all.
export function show(node) {
  change({ node });
  if (state.status) listen();
}

// looked is called when a person looks: what no event tells, such as a queue, is asked for anew.
function looked() {
  if (!document.hidden && state.link === "open") refresh();
  tick();
}

export function start(drawing) {
  draw = drawing;
  tell(clock);
  document.addEventListener("visibilitychange", looked);
  addEventListener("focus", looked);
  stream.ask("tail=0");
}
