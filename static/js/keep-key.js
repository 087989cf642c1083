// The page that shows a new key once: enables Done when the key was copied, saved, or marked as stored. Without it Done is a plain link.
const done = document.querySelector("[data-when-kept]");
const box = document.getElementById("id_stored");
let kept = false;

function check() {
  done.disabled = !(kept || box.checked);
}

if (done && box) {
  document.addEventListener("kept", () => { kept = true; check(); });
  box.addEventListener("change", check);
  addEventListener("pageshow", check);
  check();
}
