"""What a notebook shows.

display        where that is hooked up
show           a run: the live monitor, and a record of it
monitor        the live table of a run; monitor_js/ is its part in the browser
record         what a saved notebook keeps of a run
progress_line  how far a slow function is
tables         destinations, actions, connections and sessions
plot           a figure of a run
explorer       from a destination to a run by clicking
"""
