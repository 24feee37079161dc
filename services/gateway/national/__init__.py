"""The centre: what it knows of every governorate, and the national portal."""
