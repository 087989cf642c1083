// The message goes; the focus stays where the message was.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (!button) return;
  button.closest(".message").remove();
  document.getElementById("main").focus({ preventScroll: true });
});
