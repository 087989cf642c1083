"""Django's formats of dates and times, used in the support pages."""
