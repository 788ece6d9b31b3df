// How this page says things: states, times, places. Nothing here knows the page or the loop.

// What a state looks like: a shape, a word and a tone, so that colour is never all there is.
const states = {
  __proto__: null,
  passed: ["✓", "good"], ready: ["●", "good"],
  running: ["◐", "busy"], starting: ["◐", "busy"], cancelling: ["◐", "busy"], stopping: ["■", "busy"],
  failed: ["✗", "bad"], "gave up": ["✗", "bad"], "backing off": ["✗", "bad"], "timed out": ["✗", "bad"],
  "failed, allowed": ["!", "warn"], unready: ["◐", "warn"],
  waiting: ["○", "quiet"], idle: ["○", "quiet"], stopped: ["■", "quiet"], "not built": ["○", "quiet"], ended: ["○", "quiet"],
  reused: ["✓", "good"], cancelled: ["–", "quiet"], skipped: ["–", "quiet"], "not run": ["–", "quiet"],
};

export function look(state) {
  const [shape, tone] = states[state] || ["○", "quiet"];
  return { shape, tone, word: state };
}

// nodeLook is that of a node, which may say more than its state does.
export function nodeLook(node) {
  const seen = look(node.state);
  if (node.state === "failed") {
    const failed = (node.plan || []).find((stage) => stage.state === "failed" || stage.state === "timed out");
    return { ...seen, word: failed ? `${failed.name} ${failed.state}` : "failed" };
  }
  if (node.state === "running" && node.stages?.length) {
    return { ...seen, word: node.stages.map((stage) => stage.name).join(", ") };
  }
  if (node.state === "backing off") {
    return { ...seen, word: "crashed" };
  }
  if (node.state === "ready" && (node.failed || node.waits)) {
    return { ...seen, tone: "warn", word: "ready, old" };
  }
  if (node.state === "unready") {
    return { ...seen, word: "not ready" };
  }
  return seen;
}

export function ending(end) {
  return end.because || end.error || end.signal || `exit ${end.code}`;
}

// span writes nanoseconds.
export function span(ns) {
  if (!ns || ns < 0) return "0 s";
  const ms = ns / 1e6;
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const minutes = Math.floor(Math.round(s) / 60);
  if (minutes < 60) return `${minutes} m ${Math.round(s) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

// seconds writes whole ones of a time in milliseconds that still passes.
export const seconds = (ms) => `${Math.max(0, Math.floor(ms / 1000))} s`;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

let now = Date.now;

// tell has times told by another clock than the browser's.
export function tell(clock) {
  now = clock;
}

// at is a time of day, and the day if that is not today.
export function at(time) {
  if (!time) return "–";
  const date = new Date(time);
  const today = date.toDateString() === new Date(now()).toDateString();
  return (today ? "" : day.format(date) + " ") + clock.format(date);
}

export const many = (n, one, more = one + "s") => (n === 1 ? `1 ${one}` : `${n} ${more}`);

export function relative(path, dir) {
  return dir && path?.startsWith(dir + "/") ? path.slice(dir.length + 1) : path || "";
}

export function place(at, dir) {
  return relative(at.file, dir) + (at.line ? `:${at.line}` : "") + (at.line && at.column ? `:${at.column}` : "");
}

// paths are what was saved: the first name, and how many more.
export function saved(cycle, dir) {
  const causes = { __proto__: null, start: "start of the loop", hand: "by hand", crash: "a crash", config: "devloop.yaml" };
  if (!cycle.paths?.length) return causes[cycle.cause] || cycle.cause;
  const more = cycle.paths.length - 1 + (cycle.more_paths || 0);
  return relative(cycle.paths[0], dir) + (more > 0 ? ` and ${more} more` : "");
}

export function median(numbers) {
  if (!numbers.length) return 0;
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

// took is how long a cycle took, or has taken so far.
export function took(cycle, now) {
  if (cycle.end) return cycle.end - cycle.first;
  return Math.max(0, (now - Date.parse(cycle.time)) * 1e6);
}
