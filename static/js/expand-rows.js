// Expands rows in place and keeps the open rows in the address. The buttons submit a form that does the same.
const all = document.getElementById("expand-all");
const toggles = () => [...document.querySelectorAll("button[form=expand-form]")];
const isOpen = (toggle) => toggle.getAttribute("aria-expanded") === "true";

function set(toggle, open) {
  toggle.setAttribute("aria-expanded", String(open));
  toggle.name = open ? "collapse" : "expand";
  document.getElementById(toggle.getAttribute("aria-controls")).hidden = !open;
}

function showAll() {
  if (!all) return;
  const rows = toggles();
  const open = rows.length > 0 && rows.every(isOpen);
  const words = open ? "Collapse all" : "Expand all";
  all.setAttribute("aria-expanded", String(open));
  all.setAttribute("aria-label", words);
  all.title = words;
}

function remember() {
  const address = new URL(location);
  address.searchParams.delete("expand");
  address.searchParams.delete("collapse");
  const open = toggles().filter(isOpen);
  if (open.length === toggles().length) address.searchParams.set("expand", "all");
  else open.forEach((toggle) => address.searchParams.append("expand", toggle.value));
  showAll();
  history.replaceState(null, "", address);
}

// A page from the back-forward cache or the HTTP cache may not match its address.
function restore() {
  const values = new URL(location).searchParams;
  const listed = (name) => values.getAll(name).flatMap((value) => value.split(","));
  const open = listed("expand");
  const closed = listed("collapse");
  const everything = open.includes("all");
  toggles().forEach((toggle) => {
    const named = open.includes(toggle.value);
    const shut = closed.includes(toggle.value);
    set(toggle, everything ? named || !shut : named && !shut);
  });
  showAll();
}

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("button[form=expand-form]");
  if (!toggle) return;
  event.preventDefault();
  set(toggle, !isOpen(toggle));
  remember();
});

all?.addEventListener("click", (event) => {
  event.preventDefault();
  const open = !isOpen(all);
  toggles().forEach((toggle) => set(toggle, open));
  remember();
});

addEventListener("pageshow", restore);
document.addEventListener("list-shown", showAll);
