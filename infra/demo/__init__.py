"""The demo: the whole platform in one process on one machine, with nothing installed and nothing sent outside."""
