// The page that shows a new key once. Until the key is copied, saved, or marked as stored, Done explains why it waits,
// and the browser asks before the page is left in any other way. Without it Done is a plain button.
const done = document.querySelector("[data-when-stored]");
const why = document.getElementById("why-done-waits");
const box = document.getElementById("id_stored");
const key = document.getElementById("provisioning-key").textContent;
const reason = why.textContent;
let isStored = false;

function ask(event) {
  event.preventDefault();
  // Browsers from before 2024 ask only when this is set.
  event.returnValue = true;
}

function check() {
  const isWaiting = !(isStored || box.checked);
  done.setAttribute("aria-disabled", String(isWaiting));
  why.textContent = isWaiting ? reason : "Stored. You can leave this page.";
  if (isWaiting) {
    done.dataset.why = reason;
    addEventListener("beforeunload", ask);
  } else {
    delete done.dataset.why;
    removeEventListener("beforeunload", ask);
  }
}

function store() {
  isStored = true;
  check();
}

done.addEventListener("click", (event) => {
  if (done.ariaDisabled === "true") event.preventDefault();
});
// Copied by hand.
document.addEventListener("copy", () => {
  if (getSelection().toString().replace(/\s/g, "").includes(key)) store();
});
document.addEventListener("key-stored", store);
box.addEventListener("change", check);
addEventListener("pageshow", check);
check();
