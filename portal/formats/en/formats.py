"""The same forms as on the portal's own pages. `T` is the zone: a time without one means nothing to support staff."""

DATETIME_FORMAT = "j M Y, H:i T"
DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
