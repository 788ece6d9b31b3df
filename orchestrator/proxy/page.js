(() => {
  const header = "Devloop-Page";
  const here = location.href;
  const shown = () => document.getElementById("devloop");
  const bottom = () => { const pre = document.querySelector("pre.all"); if (pre) pre.scrollTop = pre.scrollHeight; };
  const clock = () => {
    const time = document.querySelector("time");
    if (!time) return;
    const s = Math.max(0, Math.round((Date.now() - Number(time.dataset.since)) / 1000));
    time.textContent = "for " + (s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min " + s % 60 + " s" : Math.floor(s / 3600) + " h " + Math.floor(s / 60) % 60 + " min");
  };
  let known = shown().outerHTML;
  const back = (res) => !res.headers.has(header);
  let gone = false;
  const reload = () => { if (!gone) { gone = true; location.reload(); } };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const held = async () => {
    for (;;) {
      try {
        const res = await fetch(here, { method: "HEAD", cache: "no-store", headers: { [header]: "wait" } });
        if (back(res)) return reload();
      } catch { }
      await pause(1000);
    }
  };
  const news = async () => {
    for (;;) {
      await pause(document.hidden ? 2000 : 500);
      try {
        const res = await fetch(here, { cache: "no-store", headers: { Accept: "text/html", [header]: "news" } });
        if (back(res)) return reload();
        const next = new DOMParser().parseFromString(await res.text(), "text/html");
        const main = next.getElementById("devloop");
        if (main && main.outerHTML !== known) {
          known = main.outerHTML;
          shown().replaceWith(document.adoptNode(main));
          document.title = next.title;
          bottom();
        }
      } catch { }
      clock();
    }
  };
  bottom();
  clock();
  held();
  news();
})();
