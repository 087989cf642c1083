// A text that is shown once: Done waits until it was copied, saved, or said to be stored. Without this it just leads on.
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
