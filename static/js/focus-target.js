// Focuses the field of an address with #id_…, as links of error summaries have, and selects a number in it.
function focus() {
  const target = location.hash.startsWith("#id_") && document.getElementById(location.hash.slice(1));
  if (!target) return;
  target.closest("details")?.setAttribute("open", "");
  target.focus();
  if (target.type === "number") target.select();
}

addEventListener("hashchange", focus);
focus();
