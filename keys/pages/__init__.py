"""The pages of keys and signing certificates: views, their forms, and what templates show."""
