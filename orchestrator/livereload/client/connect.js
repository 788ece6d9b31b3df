// The connection to the loop: a WebSocket; where that does not come about, questions while the page is visible.

const address = new URL("live", new URL(tag ? tag.getAttribute("src") : "", location.href)); // whatever base the page has
let socket = null;
let failures = 0; // in a row, of attempts to reach the loop
let answers = 0; // to questions
let lost = 0; // since when the loop does not answer, in ms; 0: it does
let timer = 0;

function connect() {
  clearTimeout(timer);
  if (socket || !leads()) return;
  const url = new URL(address);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  let mine;
  try {
    mine = socket = new WebSocket(url);
  } catch {
    return missed(); // a policy forbids it
  }
  mine.onopen = () => {
    lost = 0;
    act();
  };
  mine.onmessage = (event) => {
    failures = 0;
    hear(event.data);
  };
  mine.onclose = mine.onerror = () => { // one that a policy forbids has no end
    if (socket !== mine) return;
    socket = null;
    missed();
  };
}

function disconnect() {
  clearTimeout(timer);
  const old = socket;
  socket = null;
  if (old) old.close();
}

async function ask() {
  clearTimeout(timer);
  try {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    lost = 0;
    if (text) hear(text);
    if (!socket && !document.hidden) timer = setTimeout(++answers % 10 ? ask : connect, 1000);
  } catch {
    if (!socket) missed();
  }
}

// missed tries again after a pause, which grows, while somebody sees the page.
function missed() {
  failures++;
  lost = lost || Date.now();
  act();
  if (!document.hidden) timer = setTimeout(failures > 3 ? ask : connect, Math.min(50 * 2 ** failures, 5000));
}

// shown looks for what a page has missed that nobody saw: hidden, asleep, or kept by the browser for the way back.
function shown() {
  if (document.hidden) return;
  act();
  if (socket) ask();
  else connect();
}
