"""A small country on one machine: the centre and its nodes, each with a broker and a database of its own."""
