// Replaces a key's text in a search field by its public id, which is not secret, before it is sent.
// Without JavaScript the server does it (`keys.key_in_address`).
const KEY = /PSEK([A-Za-z0-9+/_-]{22,})/;
const FIELDS = "#searchbar, [data-search], [form=filters]";
const note = "That was the text of a key, which is a secret. Its public id stands here instead.";

function publicId(text) {
  const found = KEY.exec(text.replace(/\s+/g, ""));
  if (!found) return "";
  const blob = `PSEK${found[1]}`.slice(0, 28).replace(/-/g, "+").replace(/_/g, "/").padEnd(28, "A");
  const bytes = Array.from(atob(blob).slice(3, 19), (character) => character.charCodeAt(0));
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function replaceKey(field, status) {
  const id = publicId(field.value);
  status.textContent = id ? note : "";
  if (id) field.value = id;
}

// In the capture phase, so that no other script sends the text first.
const search = document.querySelector("#searchbar, [data-search]");
const form = search?.form;
if (form) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.className = "key-in-search";
  (search.closest("[role=search]") ?? form).append(status);
  document.addEventListener("input", ({ target }) => { if (target.matches(FIELDS)) replaceKey(target, status); }, true);
  document.addEventListener("submit", ({ target }) => {
    if (target === form) [...form.elements].filter((field) => field.matches(FIELDS)).forEach((field) => replaceKey(field, status));
  }, true);
}
