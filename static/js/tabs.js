// Tabs, as the ARIA Authoring Practices describe them: arrow keys, Home and End move and select. Without JavaScript the
// tabs are hidden and all panels are open (key-page.css).
for (const list of document.querySelectorAll("[data-tabs]")) {
  const tabs = [...list.querySelectorAll("[role=tab]")];

  const select = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).classList.toggle("selected", isChosen);
    }
    chosen.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  list.addEventListener("click", ({ target }) => {
    const tab = target.closest("[role=tab]");
    if (tab) select(tab);
  });

  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(event.target);
    const forward = getComputedStyle(list).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const next = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || next === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const tab = tabs.at(next % tabs.length);
    select(tab);
    tab.focus();
  });
}
