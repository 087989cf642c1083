"""How Django itself writes dates and times, which is what the support pages do."""
