// The page: its parts in their order.

import { html, render } from "./vendor.js";
import { state, start, change } from "./store.js";
import { Header, Title } from "./header.js";
import { Graph } from "./graph.js";
import { Nodes } from "./nodes.js";
import { Sockets } from "./sockets.js";
import { Problems } from "./problems.js";
import { TimeLine } from "./timeline.js";
import { Saves } from "./saves.js";
import { History } from "./history.js";
import { Output } from "./output.js";
import { Help, listen } from "./keys.js";

// The order of the parts is that of the document, for whoever reads it without seeing.
const narrow = matchMedia("(max-width: 72rem)");
narrow.addEventListener("change", () => change({}));

function App() {
  if (!state.status) {
    const said = { __proto__: null, lost: "No connection to the loop. The page goes on when it is there.", closed: "This browser is not logged in: `devloop open` opens the page." };
    return html`<main class="first"><h1>devloop</h1><p role="status">${said[state.link] || "Asking the loop…"}</p></main>`;
  }
  return html`<${Title} /><${Header} />
    <main>
      <${Graph} />
      ${narrow.matches
        ? html`<div class="column"><${Problems} /><${Nodes} /><${TimeLine} /><${Saves} /><${Sockets} /><${Output} /><${History} /></div>`
        : html`<div class="columns">
            <div class="column"><${Nodes} /><${Saves} /><${Sockets} /><${History} /></div>
            <div class="column"><${Problems} /><${TimeLine} /><${Output} /></div>
          </div>`}
    </main>
    <${Help} />`;
}

const root = document.getElementById("app");
root.textContent = "";
start(() => render(html`<${App} />`, root));
render(html`<${App} />`, root);
listen();
