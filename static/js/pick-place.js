// A click on the map of a form fills in latitude and longitude; what is typed or pasted there moves the pin.
// Reads the projection of portal/world_map.py backwards.

const PER_LONGITUDE = 10;
const PER_LATITUDE = 12;
const NORTH = 84;

const latitude = document.querySelector("#id_latitude");
const longitude = document.querySelector("#id_longitude");
const map = document.querySelector("[data-pick-place]");
const pin = map?.querySelector(".pin");

function movePin() {
  const [north, east] = [latitude, longitude].map((field) => field.valueAsNumber);
  const shown = latitude.checkValidity() && longitude.checkValidity() && !Number.isNaN(north + east);
  pin.setAttribute("d", shown ? `M${Math.round((east + 180) * PER_LONGITUDE)} ${Math.round((NORTH - north) * PER_LATITUDE)}h0` : "");
}

function fill(north, east) {
  latitude.value = north;
  longitude.value = east;
  movePin();
}

if (map) {
  map.addEventListener("click", (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    fill((NORTH - y / PER_LATITUDE).toFixed(2), (x / PER_LONGITUDE - 180).toFixed(2));
  });
  for (const field of [latitude, longitude]) {
    field.addEventListener("input", movePin);
    field.addEventListener("paste", (event) => {
      // As maps copy a place: "52.5200, 13.4050".
      const both = event.clipboardData.getData("text").match(/^\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*$/);
      if (!both) return;
      event.preventDefault();
      fill(both[1], both[2]);
    });
  }
  movePin();
}
