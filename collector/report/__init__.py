"""Pages for people: what was found and what became of it, as HTML that needs no server. Asks and writes nothing."""
