// The page: its parts in their order.

import { html, render } from "./vendor.js";
import { state, start } from "./store.js";
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

function App() {
  if (!state.status) {
    const said = { lost: "No connection to the loop. The page goes on when it is there.", closed: "This browser is not logged in: `devloop open` opens the page." };
    return html`<main class="first"><h1>devloop</h1><p role="status">${said[state.link] || "Asking the loop…"}</p></main>`;
  }
  return html`<${Title} /><${Header} />
    <main>
      <${Graph} />
      <div class="columns">
        <div class="column-side"><${Nodes} /><${Sockets} /><${History} /></div>
        <div class="column-main"><${Problems} /><${TimeLine} /><${Saves} /><${Output} /></div>
      </div>
    </main>
    <${Help} />`;
}

const root = document.getElementById("app");
root.textContent = "";
start(() => render(html`<${App} />`, root));
render(html`<${App} />`, root);
listen();
