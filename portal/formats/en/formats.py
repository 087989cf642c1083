"""The same formats as on the portal's own pages. Times include the zone (`T`), which support staff need."""

DATETIME_FORMAT = "j M Y, H:i T"
DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
