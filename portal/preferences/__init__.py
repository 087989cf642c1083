"""What a person chose about the look of pages: kept with the account, read from a cookie."""
