// An address that ends in #id_field focuses the field and selects a number, ready to be typed over. Error summaries too.
function focus() {
  const target = location.hash.startsWith("#id_") && document.getElementById(location.hash.slice(1));
  if (!target) return;
  target.closest("details")?.setAttribute("open", "");
  target.focus();
  if (target.type === "number") target.select();
}

addEventListener("hashchange", focus);
focus();
