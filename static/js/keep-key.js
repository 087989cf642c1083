// The page that shows a new key once: enables Done when the key was copied, saved, or marked as stored. Without it Done is a plain link.
const done = document.querySelector("[data-when-stored]");
const box = document.getElementById("id_stored");
let isStored = false;

function check() {
  done.disabled = !(isStored || box.checked);
}

if (done && box) {
  document.addEventListener("key-stored", () => { isStored = true; check(); });
  box.addEventListener("change", check);
  addEventListener("pageshow", check);
  check();
}
